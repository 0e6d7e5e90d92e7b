#include "thread_probe.h"

#include <pthread.h>

#include <cctype>
#include <condition_variable>
#include <cstddef>
#include <cstdlib>
#include <mutex>
#include <vector>

#if defined(__linux__)
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace tinynet {
namespace {

// The bytes that OMP_STACKSIZE names: a number, and B, K (if absent), M or G. 0: the system's default.
std::size_t openmp_stack_size() {
  const char* text = std::getenv("OMP_STACKSIZE");
  if (text == nullptr) text = std::getenv("GOMP_STACKSIZE");
  if (text == nullptr) return 0;
  char* end = nullptr;
  const unsigned long long number = std::strtoull(text, &end, 10);
  if (end == text) return 0;
  while (std::isspace(static_cast<unsigned char>(*end))) ++end;
  const int unit = std::toupper(static_cast<unsigned char>(*end));
  return static_cast<std::size_t>(number << (unit == 'B' ? 0 : unit == 'M' ? 20 : unit == 'G' ? 30 : 10));
}

struct Probe {
  std::mutex mutex;
  std::condition_variable end;
  bool ended = false;
#if defined(__linux__)
  std::vector<long> ids;  // of the threads, as the system counts them
#endif
};

void* wait_for_end(void* argument) {
  Probe& probe = *static_cast<Probe*>(argument);
  std::unique_lock<std::mutex> lock(probe.mutex);
#if defined(__linux__)
  probe.ids.push_back(syscall(SYS_gettid));  // reserved: it allocates nothing
#endif
  probe.end.wait(lock, [&] { return probe.ended; });
  return nullptr;
}

}  // namespace

int startable_threads(int wanted) {
  Probe probe;
  std::vector<pthread_t> threads;
  threads.reserve(static_cast<std::size_t>(wanted));
#if defined(__linux__)
  probe.ids.reserve(static_cast<std::size_t>(wanted));
#endif
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  if (const std::size_t bytes = openmp_stack_size()) pthread_attr_setstacksize(&attributes, bytes);
  for (pthread_t thread; wanted > 0; --wanted) {
    if (pthread_create(&thread, &attributes, wait_for_end, &probe) != 0) break;
    threads.push_back(thread);
  }
  pthread_attr_destroy(&attributes);
  {
    const std::lock_guard<std::mutex> lock(probe.mutex);
    probe.ended = true;
  }
  probe.end.notify_all();
  for (const pthread_t thread : threads) pthread_join(thread, nullptr);
#if defined(__linux__)
  // A thread that has been joined counts towards the limits until the system has removed it, some microseconds later.
  for (const long id : probe.ids)
    while (syscall(SYS_tgkill, getpid(), id, 0) == 0) sched_yield();
#endif
  return static_cast<int>(threads.size());
}

}  // namespace tinynet
