#include "parallel.h"

#include <omp.h>
#include <pthread.h>

#include <atomic>
#include <exception>
#include <mutex>

#include "thread_probe.h"

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

#if defined(__has_feature)  // Clang's way to ask
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__
#endif
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
std::atomic<int> settings{0};           // how often requested_threads has been set
std::atomic<FewerThreads> report_fewer_threads{nullptr};
std::atomic<bool> region_has_run{false};
std::atomic<bool> forked_after_region{false};

// libgomp's workers do not survive fork(), and a child that waits for them would wait forever. So the child uses one
// thread.
void after_fork_in_child() {
  if (region_has_run.load(std::memory_order_relaxed)) forked_after_region.store(true, std::memory_order_relaxed);
}

const int fork_handler_installed = pthread_atfork(nullptr, nullptr, after_fork_in_child);

// The workers that OpenMP keeps for one thread that opens regions.
struct Team {
  int size = 1;             // threads of its last region
  int limit = kMaxThreads;  // threads that the system lets it have, as far as is known
  int settings = 0;         // when the limit was found
};
thread_local Team team;

// The number of threads that a region for `wanted` threads has. It is no smaller than that of the last region, if the
// setting allows it: libgomp ends the workers that a region does not need, and starts them again in the next.
//
// libgomp ends the process if it cannot start a thread. So the threads are tried first.
int team_size(int wanted, int allowed) {
  if (team.size > allowed) team.size = allowed;
  if (wanted <= team.size) return team.size;
  const int started = startable_threads(wanted - team.size);
  const int missing = wanted - team.size - started;
  team.size += started;
  if (missing > 0) {
    team.limit = team.size;
    team.settings = settings.load(std::memory_order_relaxed);
    if (const FewerThreads report = report_fewer_threads.load()) report(wanted, team.size);
  }
  return team.size;
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
  if (team.limit < kMaxThreads && team.settings != settings.load(std::memory_order_relaxed)) team.limit = kMaxThreads;
  return threads < team.limit ? threads : team.limit;
}

void set_num_threads(int threads) {
  requested_threads.store(threads, std::memory_order_relaxed);
  settings.fetch_add(1, std::memory_order_relaxed);
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

  const int allowed = num_threads();
  Index threads = allowed < blocks ? allowed : blocks;
  const bool alone = threads <= 1 || omp_in_parallel() || forked_after_region.load(std::memory_order_relaxed);
  const int size = alone ? 1 : team_size(static_cast<int>(threads), allowed);
  if (size == 1) {
    for (Index block = 0; block < blocks; ++block) run_block(block);
    return;
  }

  region_has_run.store(true, std::memory_order_relaxed);
  if (threads > size) threads = size;
  WorkRange ranges[kMaxThreads];
  for (Index t = 0; t < threads; ++t) {
    ranges[t].next.store(blocks * t / threads, std::memory_order_relaxed);
    ranges[t].end = blocks * (t + 1) / threads;
  }
  const unsigned callers_state = FloatingPointState::current();
  std::exception_ptr failure;
  std::mutex failure_mutex;
  TSAN_RELEASE(&ranges);
#pragma omp parallel num_threads(size)
  {
    TSAN_ACQUIRE(&ranges);
    const FloatingPointState state(callers_state);
    const int me = omp_get_thread_num();
    try {
      for (int offset = 0; offset < threads && me < threads; ++offset) {
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
