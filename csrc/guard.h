// Memory between guard pages, for tests: with TINYNET_GUARD=1 in the environment, every block of the pool is one.
//
// A block ends at a page that may not be touched, and begins after one. A kernel that reads or writes beyond its arrays
// ends the process, in the release build and at full speed. What the block does not fill of its pages has a pattern,
// which is checked when it is released. A new block is full of NaN: a kernel that reads what nobody has written shows it.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

namespace tinynet {

constexpr unsigned char kPattern = 0xA5;
constexpr unsigned char kUnwritten = 0xFF;  // all bits set: a NaN, and -1 as an index

inline bool has_guards() {
  static const bool on = std::getenv("TINYNET_GUARD") != nullptr;
  return on;
}

inline std::size_t page_size() { return static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }

// The bytes up to the next multiple of a cache line, as blocks begin on one.
inline std::size_t padded(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

inline std::size_t whole_pages(std::size_t bytes) {
  return (padded(bytes) + page_size() - 1) / page_size() * page_size();
}

// Throws std::bad_alloc.
inline void* allocate_guarded(std::size_t bytes) {
  const std::size_t page = page_size(), inside = whole_pages(bytes);
  void* const mapped = mmap(nullptr, inside + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  char* const first = static_cast<char*>(mapped) + page;
  if (mprotect(first, inside, PROT_READ | PROT_WRITE) != 0) {
    munmap(mapped, inside + 2 * page);
    throw std::bad_alloc();
  }
  std::memset(first, kPattern, inside);
  char* const block = first + inside - padded(bytes);
  std::memset(block, kUnwritten, bytes);
  return block;
}

// Ends the process if something was written beside the block.
inline void release_guarded(void* memory, std::size_t bytes) noexcept {
  const std::size_t page = page_size(), inside = whole_pages(bytes);
  char* const block = static_cast<char*>(memory);
  char* const first = block + padded(bytes) - inside;
  const auto check = [&](const char* from, const char* to, const char* where) {
    for (const char* byte = from; byte != to; ++byte)
      if (static_cast<unsigned char>(*byte) != kPattern) {
        std::fprintf(stderr, "tinynet: a kernel has written %td bytes %s an array of %zu bytes\n",
                     byte < block ? block - byte : byte - block - static_cast<std::ptrdiff_t>(bytes) + 1, where, bytes);
        std::abort();
      }
  };
  check(first, block, "before");
  check(block + bytes, first + inside, "after");
  munmap(first - page, inside + 2 * page);
}

// With the address sanitizer every block is one of the allocator's, of just as many bytes: the pool would hide from the
// sanitizer what is read after a block, and what is read once it has been released.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
#else
constexpr bool kSanitized = false;
#endif

// Throws std::bad_alloc.
inline void* allocate_exactly(std::size_t bytes, std::size_t alignment) {
  void* memory = nullptr;
  if (posix_memalign(&memory, alignment, bytes == 0 ? 1 : bytes) != 0) throw std::bad_alloc();
  std::memset(memory, kUnwritten, bytes);
  return memory;
}

}  // namespace tinynet
