#include "workers.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <mutex>

#include "locks.h"

namespace tinynet {
namespace {

using Nanoseconds = std::int64_t;
constexpr Nanoseconds kMicrosecond = 1000, kMillisecond = 1000 * kMicrosecond;

Nanoseconds now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Whether other programs compute on this process's cores. Then a thread must not spin for long: it would use up its
// share of the time, and be interrupted later, in the middle of a block. A thread that spins notices that it has not
// run for a while. From then on the cores count as crowded, for 8 ms; for up to 256 ms if they were the last times too,
// because each trial costs about one time slice of a worker.
class Crowd {
 public:
  bool present(Nanoseconds time) const { return time < until_.load(std::memory_order_relaxed); }

  void found(Nanoseconds time) {  // if two threads find it at once, both write nearly the same
    if (present(time)) return;
    const Nanoseconds quiet = time - until_.load(std::memory_order_relaxed);
    Nanoseconds length = length_.load(std::memory_order_relaxed);
    length = quiet > 4 * length ? kShortest : std::min(2 * length, kLongest);
    length_.store(length, std::memory_order_relaxed);
    until_.store(time + length, std::memory_order_relaxed);
  }

 private:
  static constexpr Nanoseconds kShortest = 8 * kMillisecond, kLongest = 256 * kMillisecond;
  std::atomic<Nanoseconds> until_{0}, length_{kShortest};
};

Crowd crowd;

// How long to spin before sleeping.
struct Patience {
  Nanoseconds alone, crowded;
  bool yields;  // whether to offer the core to other threads meanwhile, which shows soon whether there are any
};

// A training step opens the next region within 100 us, on most machines. To wake a worker takes the caller about 5 us,
// and the worker comes about 50 us later.
constexpr Patience kForRegion{200 * kMicrosecond, 5 * kMicrosecond, true};
// The workers' last blocks end at about the same time as the caller's. A worker that does not run may get the core of a
// caller that sleeps.
constexpr Patience kForWorkers{200 * kMicrosecond, 20 * kMicrosecond, false};
constexpr Nanoseconds kBetweenYields = 20 * kMicrosecond;  // a yield takes 0.4 us, if no other thread wants the core
constexpr Nanoseconds kInterrupted = 300 * kMicrosecond;   // a time slice takes milliseconds

// Returns whether done() became true in time.
template <class Done>
bool spin(const Patience& patience, const Done& done) {
  Nanoseconds start = now(), last = start, yielded = start;
  for (;;) {
    for (int i = 0; i < 32; ++i) {
      if (done()) return true;
      pause();
    }
    Nanoseconds time = now();
    if (patience.yields && time - yielded > kBetweenYields && !crowd.present(time)) {
      sched_yield();
      time = yielded = now();
    }
    if (time - last > kInterrupted) {
      crowd.found(time);
      start = time;
    }
    last = time;
    if (time - start >= (crowd.present(time) ? patience.crowded : patience.alone)) return false;
  }
}

// A word that a thread changes and another waits for.
class Cell {
 public:
  // Puts `to` in the place of `from`. Returns false if there is something else.
  bool change(std::uintptr_t from, std::uintptr_t to) {
    if (!value_.compare_exchange_strong(from, to)) return false;
    // A thread that is about to sleep has been counted, or it sees the new value: these accesses and those in wait()
    // are sequentially consistent.
    if (sleepers_.load() > 0) {
      { const std::lock_guard<std::mutex> lock(mutex_); }
      changed_.notify_all();
    }
    return true;
  }

  // Returns the first value for which wanted(value) holds.
  template <class Wanted>
  std::uintptr_t wait(const Patience& patience, const Wanted& wanted) {
    std::uintptr_t value;
    const auto done = [&] { return wanted(value = value_.load(std::memory_order_acquire)); };
    if (done() || spin(patience, done)) return value;
    std::unique_lock<std::mutex> lock(mutex_);
    ++sleepers_;
    changed_.wait(lock, [&] { return wanted(value = value_.load()); });
    --sleepers_;
    return value;
  }

 private:
  std::atomic<std::uintptr_t> value_{0};
  std::atomic<int> sleepers_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
};

// One call of run_with_workers. It stands on the caller's stack: only a worker whose cell has it may touch it.
struct Region {
  void (*part)(void* context, int member);
  void* context;
  int members;
  int workers;                   // that have been started
  std::atomic<int> missing;      // how many more workers to ask
  std::atomic<int> next_worker;  // which one is asked next, if it is free
};

// What a worker's cell holds: 0, if it is free; the address of a region that asks for it; and kBusy more, as soon as
// the worker has come. The caller takes its address away where no worker has come, so that none comes too late.
constexpr std::uintptr_t kFree = 0, kBusy = 1;

std::uintptr_t address(const Region& region) { return reinterpret_cast<std::uintptr_t>(&region); }

struct alignas(128) Worker {  // 128: some CPUs fetch cache lines in pairs
  Cell cell;
};

struct Crew {
  Worker workers[kMaxThreads];
  std::atomic<int> size{0};     // how many of them have been started
  std::atomic<int> regions{0};  // that are open now
  std::mutex starting;
};

// Never destroyed: workers use it until the process has ended.
Crew* crew = new Crew;

// Workers do not survive fork(). The child starts its own when it wants some.
const int fork_handler_installed = pthread_atfork(nullptr, nullptr, [] { crew = new Crew; });

// Asks workers to come. Those that come ask others, so that many are reached soon.
void ask(Region& region) {
  constexpr int kAskedByOne = 8;
  for (int asked = 0; asked < kAskedByOne; ++asked) {
    if (region.missing.fetch_sub(1, std::memory_order_relaxed) <= 0) return;
    int worker;
    do {
      worker = region.next_worker.fetch_add(1, std::memory_order_relaxed);
      if (worker >= region.workers) return;
    } while (!crew->workers[worker].cell.change(kFree, address(region)));
  }
}

[[noreturn]] void work(Worker& worker) {
  Cell& cell = worker.cell;
  const int number = static_cast<int>(&worker - crew->workers);
  for (;;) {
    const std::uintptr_t asked =
        cell.wait(kForRegion, [](std::uintptr_t value) { return value != kFree && (value & kBusy) == 0; });
    if (!cell.change(asked, asked | kBusy)) continue;  // the region is over
    Region& region = *reinterpret_cast<Region*>(asked);
    ask(region);
    region.part(region.context, (number + 1) % region.members);  // the same part of the data in every region
    cell.change(asked | kBusy, kFree);
  }
}

// The bytes that OMP_STACKSIZE names: a number, and B, K (if absent), M or G. If it is unset: 8 MB, as on Linux; a
// thread of macOS has 512 KB.
std::size_t wanted_stack_size() {
  constexpr std::size_t kDefault = std::size_t{8} << 20;
  const char* text = std::getenv("OMP_STACKSIZE");
  if (text == nullptr) return kDefault;
  char* end = nullptr;
  const unsigned long long number = std::strtoull(text, &end, 10);
  if (end == text) return kDefault;
  while (std::isspace(static_cast<unsigned char>(*end))) ++end;
  const int unit = std::toupper(static_cast<unsigned char>(*end));
  return static_cast<std::size_t>(number << (unit == 'B' ? 0 : unit == 'M' ? 20 : unit == 'G' ? 30 : 10));
}

bool start_worker(int number) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, wanted_stack_size());
  pthread_t thread;
  const int error = pthread_create(
      &thread, &attributes, [](void* worker) -> void* { work(*static_cast<Worker*>(worker)); }, &crew->workers[number]);
  pthread_attr_destroy(&attributes);
  return error == 0;
}

}  // namespace

int start_workers(int wanted) {
  int size = crew->size.load(std::memory_order_acquire);
  if (size >= wanted) return size;
  const std::lock_guard<std::mutex> lock(crew->starting);
  for (size = crew->size; size < wanted && start_worker(size); ++size) {}
  crew->size.store(size, std::memory_order_release);
  return size;
}

void run_with_workers(int members, void (*part)(void*, int), void* context) {
  const int sharing = crew->regions.fetch_add(1, std::memory_order_relaxed) + 1;
  Region region{part, context, members, crew->size.load(std::memory_order_acquire), {members / sharing - 1}, {0}};
  ask(region);
  part(context, 0);
  region.missing.store(0, std::memory_order_relaxed);
  // A worker asks only workers of higher numbers, and has asked them before it leaves.
  const auto asked = [&] { return std::min(region.workers, region.next_worker.load(std::memory_order_relaxed)); };
  for (int worker = 0; worker < asked(); ++worker) {
    Cell& cell = crew->workers[worker].cell;
    if (!cell.change(address(region), kFree))
      cell.wait(kForWorkers, [&](std::uintptr_t value) { return value != (address(region) | kBusy); });
  }
  crew->regions.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace tinynet
