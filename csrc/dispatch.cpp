#include "dispatch.h"

#include <stdexcept>

#include "kernels.h"

#if defined(TINYNET_AMX)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#endif

namespace tinynet {
namespace {

const Kernels* chosen = &baseline::table;

#if defined(TINYNET_AMX)
// What the matrix unit needs beyond AVX-512: two features, and that the system gives its 8 KB of registers to the
// process.
std::string missing_matrix_unit() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return "amx-tile amx-bf16";
  if ((edx >> 24 & 1) == 0) return "amx-tile";
  if ((edx >> 22 & 1) == 0) return "amx-bf16";
#if defined(__linux__)
  constexpr long kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILE_DATA
  static const bool granted = syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  if (!granted) return "the system's leave to use amx-tile (Linux 5.16)";
  return "";
#else
  return "a system that lends amx-tile (Linux 5.16)";
#endif
}
#endif

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
  if (isa == "avx512") return missing;
#if defined(TINYNET_AMX)
  if (missing.empty()) missing = missing_matrix_unit();
#else
  need(false, "a compiler that knew amx-bf16 (GCC 11, Clang 12)");
#endif
  return missing;
#else
  return "an x86-64 CPU";
#endif
}

std::string best_isa() {
  if (missing_features("amx").empty()) return "amx";
  if (missing_features("avx512").empty()) return "avx512";
  if (missing_features("avx2").empty()) return "avx2";
  return "baseline";
}

void select_isa(const std::string& isa) {
  if (isa != "baseline" && isa != "avx2" && isa != "avx512" && isa != "amx")
    throw std::invalid_argument("unknown instruction set '" + isa + "'; known: baseline, avx2, avx512, amx");
  const std::string missing = missing_features(isa);
  if (!missing.empty()) throw std::runtime_error("this CPU cannot run " + isa + ": it lacks " + missing);
#if defined(__x86_64__)
#if defined(TINYNET_AMX)
  if (isa == "amx") chosen = &amx::table;
#endif
  if (isa == "avx512") chosen = &avx512::table;
  if (isa == "avx2") chosen = &avx2::table;
#endif
  if (isa == "baseline") chosen = &baseline::table;
}

}  // namespace tinynet
