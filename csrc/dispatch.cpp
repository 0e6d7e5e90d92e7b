#include "dispatch.h"

#include <stdexcept>

#include "kernels.h"

#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#endif

namespace tinynet {
namespace {

// The table of one instruction set, put together from what its units export; float64 may be another set's.
template <class Isa, class Float64Isa = Isa>
const Kernels* table_of(const char* isa) {
  using Exported = Units<Isa, kListHash>;
  using Exported64 = Units<Float64Isa, kListHash>;
#define KERNEL(...)
#define END_UNIT
#define UNIT(unit) , Exported::unit.f32
  static const Kernels table = {isa, {{}
#include "kernel_list.h"
  }, {{}
#define KERNEL(...)
#define END_UNIT
#define UNIT(unit) , Exported64::unit.f64
#include "kernel_list.h"
  }};
  return &table;
}

const Kernels* chosen = table_of<baseline::Isa>("baseline");

#if defined(__x86_64__)
// Clang's __builtin_cpu_supports does not know the name. What its registers need is what "avx2" has asked for.
bool has_f16c() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
}

// What the matrix unit needs beyond AVX-512: two features, and the system's permission to use its 8 KB of registers.
std::string missing_matrix_unit() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return "amx-tile amx-bf16";
  if ((edx >> 24 & 1) == 0) return "amx-tile";
  if ((edx >> 22 & 1) == 0) return "amx-bf16";
#if defined(__linux__)
  constexpr long kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILE_DATA
  static const bool granted = syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  if (!granted) return "the system's permission to use amx-tile (Linux 5.16)";
  return "";
#else
  return "a system that permits amx-tile (Linux 5.16)";
#endif
}
#endif

}  // namespace

template <>
const Kernels& kernels_in_use<kListHash>() { return *chosen; }

std::vector<std::string> built_isas() {
  std::vector<std::string> built = {"baseline"};
#if defined(TINYNET_AVX2)
  built.push_back("avx2");
#endif
#if defined(TINYNET_AVX512)
  built.push_back("avx512");
#endif
#if defined(TINYNET_AMX)
  built.push_back("amx");
#endif
  return built;
}

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
  need(has_f16c(), "f16c");
  need(__builtin_cpu_supports("bmi2"), "bmi2");
  if (isa == "avx2") return missing;
  need(__builtin_cpu_supports("avx512f"), "avx512f");
  need(__builtin_cpu_supports("avx512dq"), "avx512dq");
  need(__builtin_cpu_supports("avx512bw"), "avx512bw");
  need(__builtin_cpu_supports("avx512vl"), "avx512vl");
  if (isa == "avx512") return missing;
  return missing.empty() ? missing_matrix_unit() : missing;
#else
  return "an x86-64 CPU";
#endif
}

std::string best_isa() {
  const std::vector<std::string> built = built_isas();  // the widest stands last
  for (auto isa = built.rbegin(); isa != built.rend(); ++isa)
    if (missing_features(*isa).empty()) return *isa;
  return "baseline";
}

void select_isa(const std::string& isa) {
  if (isa != "baseline" && isa != "avx2" && isa != "avx512" && isa != "amx")
    throw std::invalid_argument("unknown instruction set '" + isa + "'; known: baseline, avx2, avx512, amx");
  const std::string missing = missing_features(isa);
  if (!missing.empty()) throw std::runtime_error("this CPU cannot run " + isa + ": it lacks " + missing);
#if defined(TINYNET_AMX)
  if (isa == "amx") return void(chosen = table_of<amx::Isa, avx512::Isa>("amx"));
#endif
#if defined(TINYNET_AVX512)
  if (isa == "avx512") return void(chosen = table_of<avx512::Isa>("avx512"));
#endif
#if defined(TINYNET_AVX2)
  if (isa == "avx2") return void(chosen = table_of<avx2::Isa>("avx2"));
#endif
  if (isa == "baseline") return void(chosen = table_of<baseline::Isa>("baseline"));
  std::string built;
  for (const std::string& one : built_isas()) built += (built.empty() ? "" : ", ") + one;
  throw std::runtime_error("this build of tinynet has no kernels for " + isa + ", only for " + built +
                           ". Build it again without TINYNET_ISAS, or with " + isa + " in it" +
                           (isa == "amx" ? " (amx needs GCC 11 or Clang 12)" : ""));
}

}  // namespace tinynet
