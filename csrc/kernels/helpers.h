// Shared by many kernels: integer arithmetic on sizes, and scratch memory for one call.
#pragma once

#include "parallel.h"
#include "pool.h"

#ifndef TINYNET_ISA
#error "include this from a unit of csrc/kernels/, which setup.py compiles with TINYNET_ISA and TINYNET_VECTOR_BYTES"
#endif

// Before a loop: no iteration reads what another one has written, so it may be vectorised without comparing addresses.
#if defined(__clang__)
#define TINYNET_NO_OVERLAP _Pragma("clang loop vectorize(assume_safety)")
#else
#define TINYNET_NO_OVERLAP _Pragma("GCC ivdep")
#endif

namespace tinynet::TINYNET_ISA {
namespace {
namespace helpers {

inline Index ceil_div(Index a, Index b) { return (a + b - 1) / b; }
inline Index min(Index a, Index b) { return a < b ? a : b; }
inline Index max(Index a, Index b) { return a > b ? a : b; }

// Scratch memory from the pool, for the lifetime of the object: `size` elements of T, uninitialised. Null if size is 0.
template <class T>
class Scratch {
 public:
  explicit Scratch(Index size) : size_(size), memory_(size > 0 ? static_cast<T*>(pool_allocate(bytes())) : nullptr) {}
  ~Scratch() {
    if (memory_ != nullptr) pool_release(memory_, bytes());
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  operator T*() const { return memory_; }

 private:
  std::size_t bytes() const { return static_cast<std::size_t>(size_) * sizeof(T); }
  Index size_;
  T* memory_;
};

}  // namespace helpers
}  // namespace
}  // namespace tinynet::TINYNET_ISA
