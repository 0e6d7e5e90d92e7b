#include "caches.h"

#include <unistd.h>

#include <fstream>
#include <string>

#if defined(__APPLE__)
#include <sys/sysctl.h>
#endif

namespace tinynet {
namespace {

// "512K" -> 524288; 0 for another text.
Index bytes_of(const std::string& text) {
  Index value = 0;
  std::size_t i = 0;
  for (; i < text.size() && text[i] >= '0' && text[i] <= '9' && value < (Index{1} << 40); ++i)
    value = 10 * value + (text[i] - '0');
  const char unit = i < text.size() ? text[i] : ' ';
  return value << (unit == 'K' ? 10 : unit == 'M' ? 20 : unit == 'G' ? 30 : 0);
}

std::string first_word(const std::string& file) {
  std::string word;
  std::ifstream(file) >> word;
  return word;
}

#if defined(__APPLE__)
Index sysctl_bytes(const char* name) {
  std::int64_t value = 0;
  std::size_t size = sizeof(value);
  return sysctlbyname(name, &value, &size, nullptr, 0) == 0 ? value : 0;
}
#endif

// Linux's description of the first CPU. sysconf() comes second: on AMD, glibc adds up the L3 of all groups of cores.
CacheSizes found() {
  CacheSizes sizes{0, 0, 0};
  for (int index = 0; index < 10; ++index) {
    const std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/";
    const std::string level = first_word(folder + "level");
    if (level.empty()) break;
    const Index bytes = first_word(folder + "type") == "Instruction" ? 0 : bytes_of(first_word(folder + "size"));
    if (bytes > 0) (level == "1" ? sizes.l1 : level == "2" ? sizes.l2 : sizes.l3) = bytes;
  }
  const bool described = sizes.l2 > 0;
#if defined(__APPLE__)
  if (sizes.l1 == 0) sizes.l1 = sysctl_bytes("hw.l1dcachesize");
  if (sizes.l2 == 0) sizes.l2 = sysctl_bytes("hw.l2cachesize");
#elif defined(_SC_LEVEL1_DCACHE_SIZE)
  if (sizes.l1 == 0) sizes.l1 = sysconf(_SC_LEVEL1_DCACHE_SIZE);
  if (sizes.l2 == 0) sizes.l2 = sysconf(_SC_LEVEL2_CACHE_SIZE);
  if (sizes.l3 == 0 && !described) sizes.l3 = sysconf(_SC_LEVEL3_CACHE_SIZE);
#endif
  if (sizes.l1 <= 0) sizes.l1 = Index{32} << 10;
  if (sizes.l3 <= 0) sizes.l3 = sizes.l2 > 0 ? sizes.l2 : Index{8} << 20;
  if (sizes.l2 <= 0) sizes.l2 = Index{512} << 10;
  return sizes;
}

const CacheSizes machine = found();
CacheSizes in_use = machine;

}  // namespace

const CacheSizes& cache_sizes() { return in_use; }

void set_cache_sizes(const CacheSizes& sizes) {
  in_use = {sizes.l1 > 0 ? sizes.l1 : machine.l1, sizes.l2 > 0 ? sizes.l2 : machine.l2,
            sizes.l3 > 0 ? sizes.l3 : machine.l3};
}

}  // namespace tinynet
