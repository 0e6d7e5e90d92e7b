// Memory for the arrays that kernels return, kept for the next step.
//
// A training step allocates the same sizes over and over. If an activation of 12.8 MB is returned to the system and
// page-faulted again, that costs 3-4 ms, more than many convolutions. From the pool it costs a list operation.
#pragma once

#include <cstddef>

namespace tinynet {

struct PoolStatistics {
  std::size_t in_use;   // bytes in live arrays
  std::size_t idle;     // bytes kept for the next request
  std::size_t requests;
  std::size_t reused;   // requests served by an idle block
};

// At least `bytes` bytes, 64-byte aligned, uninitialised. Throws std::bad_alloc.
void* pool_allocate(std::size_t bytes);
void pool_release(void* memory, std::size_t bytes) noexcept;

// Returns all idle memory to the system.
void pool_trim() noexcept;
PoolStatistics pool_statistics();

}  // namespace tinynet
