#include "parallel.h"

#include <omp.h>

#include <atomic>
#include <exception>
#include <mutex>

#include "workers.h"

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace tinynet {
namespace {

std::atomic<int> requested_threads{0};  // 0: OpenMP's default (OMP_NUM_THREADS, or the CPUs available)
std::atomic<int> startable_threads{kMaxThreads};  // that the system lets this process have, as far as is known
std::atomic<FewerThreads> report_fewer_threads{nullptr};

thread_local bool inside_region = false;  // a region inside of another has one thread

// Returns how many threads there are, of `wanted`: this one, and workers, which are started now if need be.
int start_threads(int wanted) {
  const int started = 1 + start_workers(wanted - 1);
  if (started >= wanted) return wanted;
  startable_threads.store(started, std::memory_order_relaxed);
  if (const FewerThreads report = report_fewer_threads.load()) report(wanted, started);
  return started;
}

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
  const int startable = startable_threads.load(std::memory_order_relaxed);
  return threads < startable ? threads : startable;
}

void set_num_threads(int threads) {
  requested_threads.store(threads, std::memory_order_relaxed);
  startable_threads.store(kMaxThreads, std::memory_order_relaxed);
}

void on_fewer_threads(FewerThreads report) { report_fewer_threads.store(report); }

void run_blocks(Index count, Index grain, void (*body)(void*, Index, Index), void* context) {
  if (count <= 0) return;
  if (grain < 1) grain = 1;
  const Index blocks = (count + grain - 1) / grain;
  const auto run_block = [&](Index block) {
    const Index begin = block * grain;
    body(context, begin, begin + grain < count ? begin + grain : count);
  };

  const int allowed = inside_region ? 1 : num_threads();
  const int wanted = allowed < blocks ? allowed : static_cast<int>(blocks);
  const int threads = wanted > 1 ? start_threads(wanted) : 1;
  if (threads == 1) {
    for (Index block = 0; block < blocks; ++block) run_block(block);
    return;
  }

  WorkRange ranges[kMaxThreads];
  for (Index t = 0; t < threads; ++t) {
    ranges[t].next.store(blocks * t / threads, std::memory_order_relaxed);
    ranges[t].end = blocks * (t + 1) / threads;
  }
  const unsigned callers_state = FloatingPointState::current();
  std::exception_ptr failure;
  std::mutex failure_mutex;
  const auto take_blocks = [&](int me) noexcept {
    const FloatingPointState state(callers_state);
    inside_region = true;
    try {
      for (int offset = 0; offset < threads; ++offset) {
        WorkRange& range = ranges[(me + offset) % threads];
        while (range.next.load(std::memory_order_relaxed) < range.end) {
          const Index block = range.next.fetch_add(1, std::memory_order_relaxed);
          if (block < range.end) run_block(block);
        }
      }
    } catch (...) {
      const std::lock_guard<std::mutex> lock(failure_mutex);
      if (!failure) failure = std::current_exception();
    }
    inside_region = false;
  };
  run_with_workers(
      threads, [](void* context, int me) { (*static_cast<decltype(take_blocks)*>(context))(me); },
      const_cast<void*>(static_cast<const void*>(&take_blocks)));
  if (failure) std::rethrow_exception(failure);
}

}  // namespace tinynet
