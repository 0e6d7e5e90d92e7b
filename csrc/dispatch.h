// Which instruction set the kernels use: the widest this CPU has, or the one that was asked for.
#pragma once

#include <string>

namespace tinynet {

// The widest of baseline, avx2, avx512, amx that this CPU (and this build) can run.
std::string best_isa();

// The features of `isa` that this CPU lacks, separated by spaces; empty when it can run.
std::string missing_features(const std::string& isa);

// Choose the table. Throws std::invalid_argument for an unknown name, std::runtime_error for one that cannot run here.
void select_isa(const std::string& isa);

}  // namespace tinynet
