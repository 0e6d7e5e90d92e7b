// Whether the system lets this process start more threads. Only starting them tells: a limit can be that of the user,
// of a control group or of the address space.
#pragma once

namespace tinynet {

// Starts up to `wanted` threads, all alive at the same time, ends them, and returns how many there were. Their stacks
// are as large as those of OpenMP's threads.
int startable_threads(int wanted);

}  // namespace tinynet
