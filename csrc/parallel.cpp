#include "parallel.h"

#include <omp.h>
#include <pthread.h>

#include <atomic>
#include <exception>
#include <mutex>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

#if defined(__SANITIZE_THREAD__)
extern "C" void __tsan_acquire(void*);
extern "C" void __tsan_release(void*);
#define TSAN_ACQUIRE(address) __tsan_acquire(address)
#define TSAN_RELEASE(address) __tsan_release(address)
#else
#define TSAN_ACQUIRE(address) ((void)(address))
#define TSAN_RELEASE(address) ((void)(address))
#endif

namespace tinynet {
namespace {

constexpr int kMaxThreads = 256;

std::atomic<int> requested_threads{0};  // 0: OpenMP's default (OMP_NUM_THREADS, or the CPUs available)
std::atomic<bool> region_has_run{false};
std::atomic<bool> forked_after_region{false};

// libgomp's workers do not survive fork(), and a child that waits for them would wait forever. So the child uses one
// thread.
void after_fork_in_child() {
  if (region_has_run.load(std::memory_order_relaxed)) forked_after_region.store(true, std::memory_order_relaxed);
}

const int fork_handler_installed = pthread_atfork(nullptr, nullptr, after_fork_in_child);

// A worker keeps the denormal and rounding state it was created with. For the time of a region it uses the caller's
// state.
class FloatingPointState {
 public:
#if defined(__SSE__)
  static unsigned current() { return _mm_getcsr(); }
  explicit FloatingPointState(unsigned callers) : own_(_mm_getcsr()) { _mm_setcsr(callers); }
  ~FloatingPointState() { _mm_setcsr(own_); }

 private:
  unsigned own_;
#else
  static unsigned current() { return 0; }
  explicit FloatingPointState(unsigned) {}
#endif
};

// The remaining blocks of one thread. A thread that has finished its own range takes blocks from other ranges, so that
// a core that is busy with something else does not delay the region. Its own blocks come first, so that the same data
// is processed by the same core (and its cache) in every step.
struct alignas(64) WorkRange {
  std::atomic<Index> next;
  Index end;
};

}  // namespace

int num_threads() {
  const int requested = requested_threads.load(std::memory_order_relaxed);
  const int threads = requested > 0 ? requested : omp_get_max_threads();
  return threads < kMaxThreads ? threads : kMaxThreads;
}

void set_num_threads(int threads) { requested_threads.store(threads, std::memory_order_relaxed); }

void run_blocks(Index count, Index grain, void (*body)(void*, Index, Index), void* context) {
  if (count <= 0) return;
  if (grain < 1) grain = 1;
  const Index blocks = (count + grain - 1) / grain;
  const auto run_block = [&](Index block) {
    const Index begin = block * grain;
    body(context, begin, begin + grain < count ? begin + grain : count);
  };

  Index threads = num_threads();
  if (threads > blocks) threads = blocks;
  if (threads <= 1 || omp_in_parallel() || forked_after_region.load(std::memory_order_relaxed)) {
    for (Index block = 0; block < blocks; ++block) run_block(block);
    return;
  }

  region_has_run.store(true, std::memory_order_relaxed);
  WorkRange ranges[kMaxThreads];
  for (Index t = 0; t < threads; ++t) {
    ranges[t].next.store(blocks * t / threads, std::memory_order_relaxed);
    ranges[t].end = blocks * (t + 1) / threads;
  }
  const unsigned callers_state = FloatingPointState::current();
  std::exception_ptr failure;
  std::mutex failure_mutex;
  TSAN_RELEASE(&ranges);
#pragma omp parallel num_threads(static_cast<int>(threads))
  {
    TSAN_ACQUIRE(&ranges);
    const FloatingPointState state(callers_state);
    const int me = omp_get_thread_num();
    try {
      for (int offset = 0; offset < threads; ++offset) {
        WorkRange& range = ranges[(me + offset) % threads];
        for (Index block; (block = range.next.fetch_add(1, std::memory_order_relaxed)) < range.end;) run_block(block);
      }
    } catch (...) {
      const std::lock_guard<std::mutex> lock(failure_mutex);
      if (!failure) failure = std::current_exception();
    }
    TSAN_RELEASE(&failure);
  }
  TSAN_ACQUIRE(&failure);
  if (failure) std::rethrow_exception(failure);
}

}  // namespace tinynet
