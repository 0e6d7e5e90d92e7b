#include "pool.h"

#include <pthread.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <new>
#include <vector>

#include "chunks.h"
#include "guard.h"
#include "locks.h"

namespace tinynet {
namespace {

constexpr std::size_t kAlignment = 64;  // one cache line, one AVX-512 vector
constexpr std::size_t kMaxIdle = std::size_t{2} << 30;  // beyond this, released memory is returned to the system

constexpr std::size_t kCacheSize = std::size_t{4} << 20;
// At most this many idle blocks of one size are left to the threads that released them.
constexpr std::size_t kMaxForeignIdle = 16;

std::atomic<unsigned> thread_count{0};
thread_local const unsigned this_thread = thread_count.fetch_add(1, std::memory_order_relaxed);

struct Idle {
  void* memory;
  unsigned thread;  // that released it
  bool pages_released;  // its pages have been returned to the system
};

struct Pool {
  BriefMutex mutex;
  std::map<std::size_t, std::vector<Idle>> idle_blocks;  // by size class
  PoolStatistics statistics{};
  Chunks chunks;
};

// Never destroyed: arrays may outlive every static object at interpreter exit.
Pool& pool() {
  static Pool* const instance = new Pool;
  return *instance;
}

// fork() copies the lock in its current state. If another thread holds it at that moment, it would stay locked in the
// child forever.
const int fork_handler_installed =
    pthread_atfork([] { pool().mutex.lock(); }, [] { pool().mutex.unlock(); }, [] { pool().mutex.unlock(); });

// Eight classes per octave: at most 1/8 of a block is wasted, and requests of nearly equal size share blocks.
std::size_t size_class(std::size_t bytes) {
  if (bytes <= 8 * kAlignment) return bytes == 0 ? kAlignment : (bytes + kAlignment - 1) / kAlignment * kAlignment;
  std::size_t step = kAlignment;
  while (step * 16 < bytes) step *= 2;
  return (bytes + step - 1) / step * step;
}

void* system_allocate(Pool& p, std::size_t bytes) {
  if (bytes >= Chunks::kLargest) return allocate_huge_pages(bytes);
  if (Chunks::serves(bytes)) {
    const std::lock_guard<BriefMutex> lock(p.mutex);
    return p.chunks.allocate(bytes);
  }
  void* memory = std::aligned_alloc(kAlignment, bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

// If a chunk has a block in use, its idle blocks lose only their pages.
void trim_locked(Pool& p) noexcept {
  for (auto& [size, blocks] : p.idle_blocks)
    for (const Idle& block : blocks)
      Chunks::serves(size) ? p.chunks.mark_idle(block.memory, size) : std::free(block.memory);
  for (auto& [size, blocks] : p.idle_blocks) {
    if (!Chunks::serves(size)) {
      blocks.clear();
      continue;
    }
    std::size_t kept = 0;
    for (Idle& block : blocks)
      if (!p.chunks.is_chunk_idle(block.memory)) {
        Chunks::release_pages(block.memory, size);
        block.pages_released = true;
        blocks[kept++] = block;
      }
    blocks.resize(kept);
  }
  p.chunks.free_idle_chunks();
  p.statistics.idle = 0;
}

}  // namespace

void* pool_allocate(std::size_t bytes) {
  if (has_guards()) return allocate_guarded(bytes);
  if (kSanitized) return allocate_exactly(bytes, kAlignment);
  const std::size_t size = size_class(bytes);
  Pool& p = pool();
  {
    const std::lock_guard<BriefMutex> lock(p.mutex);
    ++p.statistics.requests;
    std::vector<Idle>& idle = p.idle_blocks[size];
    // The block released last is the most likely to be still in the cache of the thread that released it. Another core
    // would have to fetch it line by line. So a small block that another thread released is left to that thread (blocks
    // that moved between threads made a convolution of 14x14x64 take 1.12 times as long), unless many such blocks are
    // idle: then that thread may have ended.
    auto block = idle.rbegin();
    while (block != idle.rend() && block->thread != this_thread) ++block;
    if (block == idle.rend() && size > kCacheSize) block = idle.rbegin();
    if (block == idle.rend() && idle.size() > kMaxForeignIdle) block = std::prev(idle.rend());
    if (block != idle.rend()) {
      void* const memory = block->memory;
      ++p.statistics.reused;
      p.statistics.idle -= block->pages_released ? 0 : size;
      idle.erase(std::next(block).base());
      p.statistics.in_use += size;
      return memory;
    }
  }
  void* memory;
  try {
    memory = system_allocate(p, size);
  } catch (const std::bad_alloc&) {
    pool_trim();  // idle blocks of other sizes may hold the memory that is missing
    memory = system_allocate(p, size);
  }
  const std::lock_guard<BriefMutex> lock(p.mutex);
  p.statistics.in_use += size;
  return memory;
}

void pool_release(void* memory, std::size_t bytes) noexcept {
  if (memory == nullptr) return;
  if (has_guards()) return release_guarded(memory, bytes);
  if (kSanitized) return std::free(memory);
  const std::size_t size = size_class(bytes);
  Pool& p = pool();
  const std::lock_guard<BriefMutex> lock(p.mutex);
  p.statistics.in_use -= size;
  const bool chunk = Chunks::serves(size);
  if (chunk || p.statistics.idle + size <= kMaxIdle) {
    try {
      p.idle_blocks[size].push_back({memory, this_thread, false});
      p.statistics.idle += size;
      return;
    } catch (...) {  // no memory for the list itself: free the block, or leak it
    }
  }
  if (!chunk) std::free(memory);
}

void pool_trim() noexcept {
  Pool& p = pool();
  const std::lock_guard<BriefMutex> lock(p.mutex);
  trim_locked(p);
}

PoolStatistics pool_statistics() {
  Pool& p = pool();
  const std::lock_guard<BriefMutex> lock(p.mutex);
  return p.statistics;
}

}  // namespace tinynet
