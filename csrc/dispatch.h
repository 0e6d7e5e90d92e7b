// Which instruction set the kernels use: the widest this CPU has, or the one that was asked for.
#pragma once

#include <string>
#include <vector>

namespace tinynet {

// Those that this build has kernels for (TINYNET_ISAS in setup.py), the widest last: baseline, avx2, avx512, amx.
std::vector<std::string> built_isas();

// The widest of them that this CPU can run.
std::string best_isa();

// The features of `isa` that this CPU lacks, separated by spaces; empty when it can run.
std::string missing_features(const std::string& isa);

// Chooses the table. Throws std::invalid_argument for an unknown name, std::runtime_error for one that cannot run here
// or was not built.
void select_isa(const std::string& isa);

}  // namespace tinynet
