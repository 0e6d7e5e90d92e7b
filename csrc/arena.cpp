#include "arena.h"

#include "pool.h"

namespace tinynet {

Arena::~Arena() {
  for (const Block& block : blocks_) pool_release(block.memory, block.bytes);
}

void* Arena::allocate(std::size_t bytes) {
  const std::lock_guard<BriefMutex> lock(mutex_);
  std::vector<void*>& idle = idle_[bytes];
  if (!idle.empty()) {
    void* const memory = idle.back();
    idle.pop_back();
    return memory;
  }
  blocks_.reserve(blocks_.size() + 1);
  void* const memory = pool_allocate(bytes);
  blocks_.push_back({memory, bytes});
  bytes_ += bytes;
  return memory;
}

void Arena::release(void* memory, std::size_t bytes) noexcept {
  const std::lock_guard<BriefMutex> lock(mutex_);
  try {
    idle_[bytes].push_back(memory);
  } catch (...) {  // no memory for the list: the block is not used again, and freed with the arena
  }
}

}  // namespace tinynet
