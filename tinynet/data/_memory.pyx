"""Memory for batches, kept for the next one."""

from cpython.buffer cimport PyBuffer_FillInfo
from libc.stdlib cimport free, malloc

cdef struct Idle:  # stored in the memory itself while it is unused
    Idle* next
    size_t bytes

cdef enum:
    KEPT = 1 << 26  # bytes that may lie idle

cdef Idle* idle = NULL
cdef size_t idle_bytes = 0


cdef class Memory:
    """A buffer of this many bytes, uninitialised. When its last user is gone, the memory is kept for a request of
    its size.

    Allocated and released under the GIL, which is the lock of the list.
    """

    cdef void* memory
    cdef size_t bytes

    def __cinit__(self, size_t bytes):
        global idle, idle_bytes
        cdef Idle** place = &idle
        while place[0] != NULL and place[0].bytes != bytes:
            place = &place[0].next
        if place[0] != NULL:
            self.memory = place[0]
            place[0] = place[0].next
            idle_bytes -= bytes
        else:
            self.memory = malloc(bytes if bytes > sizeof(Idle) else sizeof(Idle))
            if self.memory == NULL:
                raise MemoryError(f"no memory for a batch of {bytes} bytes")
        self.bytes = bytes

    def __dealloc__(self):
        global idle, idle_bytes
        cdef Idle* own = <Idle*>self.memory
        if own == NULL:
            return
        if idle_bytes + self.bytes > KEPT:  # perhaps batches of sizes that are no longer requested
            forget_idle_memory()
        if self.bytes > KEPT:
            free(own)
            return
        own.next, own.bytes = idle, self.bytes
        idle = own
        idle_bytes += self.bytes

    def __getbuffer__(self, Py_buffer* view, int flags):
        PyBuffer_FillInfo(view, self, self.memory, self.bytes, False, flags)


cpdef forget_idle_memory():
    """Return the memory that is kept for coming batches to the system."""
    global idle, idle_bytes
    cdef Idle* next
    while idle != NULL:
        next = idle.next
        free(idle)
        idle = next
    idle_bytes = 0


def idle_memory():
    """Return how many bytes are kept for coming batches."""
    return idle_bytes
