// Memory of one recording (bindings/recording.h): its blocks are used again within it, and by nobody else.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "locks.h"

namespace tinynet {

class Arena {
 public:
  Arena() = default;
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // As pool_allocate. A block that has been released is given again, to a request of its size.
  void* allocate(std::size_t bytes);
  void release(void* memory, std::size_t bytes) noexcept;
  std::size_t bytes() const { return bytes_; }  // of all blocks

  // A block for as long as this object lives. It keeps the arena.
  struct Lent {
    Lent(std::shared_ptr<Arena> from, std::size_t size)
        : arena(std::move(from)), bytes(size), memory(arena->allocate(size)) {}
    ~Lent() { arena->release(memory, bytes); }
    Lent(const Lent&) = delete;
    Lent& operator=(const Lent&) = delete;
    std::shared_ptr<Arena> arena;
    std::size_t bytes;
    void* memory;
  };

 private:
  struct Block {
    void* memory;
    std::size_t bytes;
  };
  BriefMutex mutex_;  // the last reference to an array may be dropped in any thread
  std::vector<Block> blocks_;
  std::map<std::size_t, std::vector<void*>> idle_;  // by size
  std::size_t bytes_ = 0;
};

}  // namespace tinynet
