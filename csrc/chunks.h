// Memory for blocks from some KB to 2 MB, adjacent in chunks of huge pages.
//
// The TLB of a CPU holds few pages: 16 for stores and 96 for loads, on the machine this was measured on. A
// convolution's buffers of 0.3 to 2 MB are hundreds of pages of 4 KB. Besides, the addresses of the pages decide which
// lines of the L2 cache they share. In pages of 2 MB, convolutions of 14x14x64 take 0.9 of the time.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <map>
#include <new>

namespace tinynet {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

// Memory in huge pages, if the system has them. The remainder that does not fill the last huge page is in small pages
// (in huge pages, 64 MB of VGG-16's arrays would be unused). Throws std::bad_alloc.
inline void* allocate_huge_pages(std::size_t bytes) {
  void* const memory = std::aligned_alloc(kHugePage, (bytes + kHugePage - 1) / kHugePage * kHugePage);
  if (memory == nullptr) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
  // One page-table entry for 2 MB instead of 512: fewer page faults now, fewer TLB misses in every pass over the array.
  madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  return memory;
}

// Not thread-safe: the pool has a lock.
class Chunks {
 public:
  static constexpr std::size_t kSmallest = std::size_t{64} << 10;  // smaller blocks need few pages anyway
  static constexpr std::size_t kLargest = kHugePage;               // larger blocks have huge pages of their own

  static bool serves(std::size_t bytes) { return bytes >= kSmallest && bytes < kLargest; }

  // `bytes` must be a multiple of 64. Throws std::bad_alloc.
  void* allocate(std::size_t bytes) {
    if (open_ == nullptr || chunks_[open_].allocated + bytes > kChunk) {
      char* const chunk = static_cast<char*>(allocate_huge_pages(kChunk));
      chunks_[chunk] = {};
      open_ = chunk;
    }
    Chunk& chunk = chunks_[open_];
    void* const memory = open_ + chunk.allocated;
    chunk.allocated += bytes;
    return memory;
  }

  // To free chunks, call mark_idle(block, bytes) for all blocks that are not in use. is_chunk_idle(block) then returns
  // whether all blocks of its chunk are idle, and free_idle_chunks() frees those chunks.
  void mark_idle(void* block, std::size_t bytes) { at(block)->second.idle += bytes; }
  bool is_chunk_idle(void* block) {
    const Chunk& chunk = at(block)->second;
    return chunk.idle == chunk.allocated;
  }
  void free_idle_chunks() {
    for (auto chunk = chunks_.begin(); chunk != chunks_.end();) {
      if (chunk->second.idle != chunk->second.allocated) {
        chunk->second.idle = 0;
        ++chunk;
        continue;
      }
      if (open_ == chunk->first) open_ = nullptr;
      std::free(chunk->first);
      chunk = chunks_.erase(chunk);
    }
  }

  // Returns the pages of a block to the system. The block keeps its address range in the chunk.
  static void release_pages(void* block, std::size_t bytes) {
    const std::uintptr_t page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    const std::uintptr_t begin = (reinterpret_cast<std::uintptr_t>(block) + page - 1) / page * page;
    const std::uintptr_t end = (reinterpret_cast<std::uintptr_t>(block) + bytes) / page * page;
    if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }

 private:
  static constexpr std::size_t kChunk = 4 * kHugePage;
  struct Chunk {
    std::size_t allocated = 0, idle = 0;
  };
  std::map<char*, Chunk>::iterator at(void* block) { return std::prev(chunks_.upper_bound(static_cast<char*>(block))); }

  std::map<char*, Chunk> chunks_;
  char* open_ = nullptr;  // the chunk that new blocks are allocated from
};

}  // namespace tinynet
