// The threads that help a thread with its work. They are started when they are first wanted, belong to no one thread,
// and last as long as the process.
#pragma once

namespace tinynet {

constexpr int kMaxThreads = 256;

// Starts workers until there are `wanted`. Returns how many there are: fewer, if the system lets the process start no
// more.
int start_workers(int wanted);

// Calls part(context, member) on this thread as member 0, and on workers as other members, at most `members` in all.
//
// Every call must take on work that nobody has begun, until there is no such work, because it cannot count on others: a
// worker that sleeps, or whose core computes something else, comes late. Returns when all calls that have begun have
// ended; a worker that comes later makes no call. If several threads are in this function, they share the workers.
// `part` throws nothing, and does not call this function.
void run_with_workers(int members, void (*part)(void* context, int member), void* context);

}  // namespace tinynet
