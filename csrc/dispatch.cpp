#include "dispatch.h"

#include <stdexcept>

#include "kernels.h"

namespace tinynet {
namespace {

const Kernels* chosen = &baseline::table;

}  // namespace

const Kernels& kernels() { return *chosen; }

std::string missing_features(const std::string& isa) {
  if (isa == "baseline") return "";
#if defined(__x86_64__)
  // Every feature that setup.py passes as a flag.
  std::string missing;
  const auto need = [&missing](bool present, const char* name) {
    if (!present) missing += (missing.empty() ? "" : " ") + std::string(name);
  };
  __builtin_cpu_init();
  need(__builtin_cpu_supports("avx2"), "avx2");
  need(__builtin_cpu_supports("fma"), "fma");
  need(__builtin_cpu_supports("f16c"), "f16c");
  need(__builtin_cpu_supports("bmi2"), "bmi2");
  if (isa == "avx2") return missing;
  need(__builtin_cpu_supports("avx512f"), "avx512f");
  need(__builtin_cpu_supports("avx512dq"), "avx512dq");
  need(__builtin_cpu_supports("avx512bw"), "avx512bw");
  need(__builtin_cpu_supports("avx512vl"), "avx512vl");
  return missing;
#else
  return "an x86-64 CPU";
#endif
}

std::string best_isa() {
  if (missing_features("avx512").empty()) return "avx512";
  if (missing_features("avx2").empty()) return "avx2";
  return "baseline";
}

void select_isa(const std::string& isa) {
  if (isa != "baseline" && isa != "avx2" && isa != "avx512")
    throw std::invalid_argument("unknown instruction set '" + isa + "'; known: baseline, avx2, avx512");
  const std::string missing = missing_features(isa);
  if (!missing.empty()) throw std::runtime_error("this CPU cannot run " + isa + ": it lacks " + missing);
#if defined(__x86_64__)
  if (isa == "avx512") chosen = &avx512::table;
  if (isa == "avx2") chosen = &avx2::table;
#endif
  if (isa == "baseline") chosen = &baseline::table;
}

}  // namespace tinynet
