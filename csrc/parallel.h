// The only way to use several threads in tinynet.
//
// parallel_for(count, grain, body) calls body(begin, end) for consecutive blocks of `grain` items that cover
// [0, count). The blocks depend on count and grain alone, never on the number of threads. So if a body reduces inside a
// block and the caller combines the blocks in order, the bits are the same on any number of threads.
//
// The blocks are shared by the calling thread and by workers (workers.h). Threads that open regions at the same time
// share the workers. A region inside of another has one thread. What a block throws is thrown by parallel_for, when all
// blocks that have begun have ended; the others may be left out.
#pragma once

#include <cstdint>

namespace tinynet {

using Index = std::int64_t;

int num_threads();
void set_num_threads(int threads);

// `report` is called where a region is to have more threads than the system lets the process start. It then has fewer,
// and so have the later ones, until set_num_threads() is called.
using FewerThreads = void (*)(int wanted, int started);
void on_fewer_threads(FewerThreads report);

// The non-template core, in parallel.cpp.
void run_blocks(Index count, Index grain, void (*body)(void* context, Index begin, Index end), void* context);

namespace {  // one copy per object file, so that no copy compiled for AVX-512 can serve another object

template <class Body>
inline void parallel_for(Index count, Index grain, const Body& body) {
  run_blocks(
      count, grain,
      [](void* context, Index begin, Index end) { (*static_cast<const Body*>(context))(begin, end); },
      const_cast<void*>(static_cast<const void*>(&body)));
}

}  // namespace
}  // namespace tinynet
