// Regions of csrc/parallel.h under stress, for tests/test_parallel.py: a program that prints nothing if all is well.
#include "parallel.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

#define REQUIRE(condition) \
  if (!(condition)) std::printf("line %d: %s\n", __LINE__, #condition), std::fflush(stdout), std::_Exit(1)

namespace {

using tinynet::Index;
using tinynet::parallel_for;

constexpr int kRegions = 2000;

// A region whose data stands on the stack and is overwritten as soon as the region is over.
void visit_each_once(std::mt19937& random) {
  const Index count = random() % 40, grain = 1 + random() % 5;
  struct Visits {
    int number[40] = {};
  };
  alignas(Visits) unsigned char memory[sizeof(Visits)];
  Visits& visits = *new (memory) Visits;
  const int units = random() % 4 == 0 ? 2000 : 0;
  parallel_for(count, grain, [&](Index begin, Index end) {
    REQUIRE(begin % grain == 0 && end - begin <= grain && end <= count && begin < end);
    for (volatile int i = 0; i < units; i = i + 1) {}
    for (Index i = begin; i < end; ++i) ++visits.number[i];
  });
  for (Index i = 0; i < 40; ++i) REQUIRE(visits.number[i] == (i < count ? 1 : 0));
  visits = Visits();
  for (int& number : visits.number) number = 1 << 20;
}

// Workers find regions that are over, regions that follow at once, and regions after a sleep.
void many_regions(unsigned seed) {
  std::mt19937 random(seed);
  for (int i = 0; i < kRegions; ++i) {
    visit_each_once(random);
    if (random() % 200 == 0) usleep(random() % 2000);
  }
}

void threads_that_open_regions_at_once() {
  std::vector<std::thread> callers;
  for (unsigned seed = 0; seed < 4; ++seed) callers.emplace_back(many_regions, seed);
  for (std::thread& caller : callers) caller.join();
}

void numbers_of_threads() {
  std::mt19937 random(7);
  for (int i = 0; i < kRegions / 4; ++i) {
    tinynet::set_num_threads(1 + static_cast<int>(random() % 12));
    visit_each_once(random);
  }
  tinynet::set_num_threads(8);
}

void region_in_a_region() {
  std::atomic<int> visits{0};
  parallel_for(16, 1, [&](Index, Index) {
    const std::thread::id outer = std::this_thread::get_id();
    parallel_for(16, 1, [&](Index, Index) {
      REQUIRE(std::this_thread::get_id() == outer);
      ++visits;
    });
  });
  REQUIRE(visits == 256);
}

void exceptions() {
  for (int i = 0; i < 500; ++i) {
    bool caught = false;
    try {
      parallel_for(64, 1, [&](Index begin, Index) {
        if (begin % 64 == i % 64 || begin == 5) throw std::runtime_error("block");
      });
    } catch (const std::runtime_error& error) {
      caught = error.what() == std::string("block");
    }
    REQUIRE(caught);
    std::mt19937 random(static_cast<unsigned>(i));
    visit_each_once(random);
  }
}

void floating_point_state() {
#if defined(__SSE__)
  const unsigned before = _mm_getcsr();
  for (int i = 0; i < 200; ++i) {
    const unsigned wanted = before | (i % 2 == 0 ? 0x8040 : 0);  // flush denormal numbers to zero, or not
    _mm_setcsr(wanted);
    parallel_for(32, 1, [&](Index, Index) {
      for (volatile int j = 0; j < 2000; j = j + 1) {}
      REQUIRE((_mm_getcsr() & 0x8040) == (wanted & 0x8040));
    });
    REQUIRE((_mm_getcsr() & 0x8040) == (wanted & 0x8040));
  }
  _mm_setcsr(before);
#endif
}

// While other threads have regions open. (ThreadSanitizer lets no thread start after a fork.)
void children() {
#if !defined(__SANITIZE_THREAD__)
  std::atomic<bool> ended{false};
  std::thread other([&] {
    while (!ended) many_regions(3);
  });
  for (unsigned i = 0; i < 20; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(60);
      std::mt19937 random(i);
      for (int j = 0; j < 100; ++j) visit_each_once(random);
      std::_Exit(0);
    }
    int status = -1;
    REQUIRE(waitpid(child, &status, 0) == child && status == 0);
  }
  ended = true;
  other.join();
#endif
}

}  // namespace

int main() {
  tinynet::set_num_threads(8);
  many_regions(0);
  threads_that_open_regions_at_once();
  numbers_of_threads();
  region_in_a_region();
  exceptions();
  floating_point_state();
  children();
  return 0;  // while workers spin or sleep
}
