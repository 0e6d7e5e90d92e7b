"""The threads of the kernels (csrc/parallel.h), for the loops of the data pipeline.

They come through a capsule of `tinynet._native`, when the program runs: the modules are linked neither with each other
nor with OpenMP. Where there is no such module, the caller's thread does it all.
"""

from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.stdint cimport int64_t

cdef extern from *:
    """
    typedef void (*tinynet_body)(void* context, int64_t begin, int64_t end);
    static void tinynet_run_alone(int64_t count, int64_t grain, tinynet_body body, void* context) {
      (void)grain;
      if (count > 0) body(context, 0, count);
    }
    typedef void (*tinynet_runner)(int64_t count, int64_t grain, tinynet_body body, void* context);
    static tinynet_runner tinynet_run_blocks = tinynet_run_alone;
    static void tinynet_run_with(void* runner) { tinynet_run_blocks = (tinynet_runner)runner; }
    """
    ctypedef void (*Body "tinynet_body")(void* context, int64_t begin, int64_t end) noexcept nogil
    # body(context, begin, end) for blocks of `grain` items that cover [0, count): the first on the caller's thread.
    void (*run_blocks "tinynet_run_blocks")(int64_t count, int64_t grain, Body body, void* context) noexcept nogil
    void run_with "tinynet_run_with"(void* runner)


cdef inline void use_native_threads():
    """Called once, when a module that includes this is loaded."""
    try:
        from tinynet._native import _run_blocks
    except ImportError:  # tinynet.runtime has decided whether that is allowed
        return
    run_with(PyCapsule_GetPointer(_run_blocks, "tinynet._native._run_blocks"))
