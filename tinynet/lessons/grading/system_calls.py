"""The filter of system calls in the sandbox, a program of classic BPF that `bwrap --seccomp` loads.

A lesson needs none of the calls that it refuses. Some of them would hide memory from the watch (`memfd_create`,
`shmget`, shared memory of `mmap`: pages that need not belong to any process), some leave the sandbox's view (`unshare`,
`mount`, `ptrace`, `syslog`), some are large and young parts of the kernel (`io_uring`, `bpf`, `userfaultfd`). Refused
calls fail with EPERM; the program goes on. Of sockets, those of AF_UNIX remain: buffers of the others take memory that
the whole machine shares, and some (AF_VSOCK) know no network namespace.
"""

from __future__ import annotations

import errno
import platform
import struct

# Numbers of the calls that are refused: {machine: (number of the architecture in audit.h, {call: number})}.
_COMMON = {
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428, "move_mount": 429,
    "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "pidfd_getfd": 438, "mount_setattr": 442,
    "memfd_secret": 447,
}
_MACHINES: dict[str, tuple[int, dict[str, int]]] = {
    "x86_64": (0xC000003E, {
        "memfd_create": 319, "shmget": 29, "shmat": 30, "shmctl": 31, "semget": 64, "msgget": 68, "mq_open": 240,
        "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312, "mount": 165, "umount2": 166,
        "pivot_root": 155, "chroot": 161, "unshare": 272, "setns": 308, "add_key": 248, "request_key": 249,
        "keyctl": 250, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323, "vmsplice": 278, "personality": 135,
        "name_to_handle_at": 303, "open_by_handle_at": 304, "quotactl": 179, "acct": 163, "swapon": 167,
        "reboot": 169, "syslog": 103, "kexec_load": 246, "kexec_file_load": 320, "init_module": 175,
        "finit_module": 313, "delete_module": 176,
    }),
    "aarch64": (0xC00000B7, {
        "memfd_create": 279, "shmget": 194, "shmat": 196, "shmctl": 195, "semget": 190, "msgget": 186, "mq_open": 180,
        "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271, "kcmp": 272, "mount": 40, "umount2": 39,
        "pivot_root": 41, "chroot": 51, "unshare": 97, "setns": 268, "add_key": 217, "request_key": 218,
        "keyctl": 219, "bpf": 280, "perf_event_open": 241, "userfaultfd": 282, "vmsplice": 75, "personality": 92,
        "name_to_handle_at": 264, "open_by_handle_at": 265, "quotactl": 60, "acct": 89, "swapon": 224,
        "reboot": 142, "syslog": 116, "kexec_load": 104, "kexec_file_load": 294, "init_module": 105,
        "finit_module": 273, "delete_module": 106,
    }),
}
_CLONE = {"x86_64": 56, "aarch64": 220}
_SOCKET = {"x86_64": 41, "aarch64": 198}
_MMAP = {"x86_64": 9, "aarch64": 222}
_CLONE3 = 435
_X32 = 0x40000000  # x86_64 calls from here on are those of another, rarely used interface

_NEW_NAMESPACES = 0x7E020000  # CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_SHARED_MEMORY = 0x21  # MAP_SHARED and MAP_ANONYMOUS, both
_AF_UNIX = 1

_LOAD, _AND, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _FOURTH_ARGUMENT = 0, 4, 16, 40  # offsets in struct seccomp_data
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000


def supported_machines() -> tuple[str, ...]:
    """Return the processor families that there is a filter for.

    >>> supported_machines()
    ('x86_64', 'aarch64')
    """
    return tuple(_MACHINES)


def system_call_filter(machine: str | None = None) -> bytes:
    """Return the filter's program.

    Args:
        machine: Processor family, as `platform.machine()` names it; this one if None.

    Returns:
        Instructions of 8 bytes each.

    Raises:
        ValueError: the numbers of the calls are not known for this family.

    >>> len(system_call_filter("x86_64")) % 8
    0
    """
    machine = machine or platform.machine()
    if machine not in _MACHINES:
        raise ValueError(f"the sandbox's filter of system calls is made for {', '.join(_MACHINES)}, not for {machine}")
    architecture, refused = _MACHINES[machine]
    program = [_step(_LOAD, _ARCHITECTURE), _step(_EQUAL, architecture, 1, 0), _step(_RETURN, _KILL),
               _step(_LOAD, _NUMBER)]
    if machine == "x86_64":
        program += [_step(_AT_LEAST, _X32, 0, 1), _fail(errno.ENOSYS)]
    # The flags of clone3 stand in memory, which a filter cannot read. ENOSYS makes the C library use clone.
    program += [_step(_EQUAL, _CLONE3, 0, 1), _fail(errno.ENOSYS)]
    for number in sorted({**_COMMON, **refused}.values()):
        program += [_step(_EQUAL, number, 0, 1), _fail(errno.EPERM)]
    program += [_step(_EQUAL, _CLONE[machine], 0, 4), _step(_LOAD, _FIRST_ARGUMENT),
                _step(_ANY_BIT, _NEW_NAMESPACES, 0, 1), _fail(errno.EPERM), _step(_RETURN, _ALLOW)]
    program += [_step(_EQUAL, _MMAP[machine], 0, 5), _step(_LOAD, _FOURTH_ARGUMENT), _step(_AND, _SHARED_MEMORY),
                _step(_EQUAL, _SHARED_MEMORY, 0, 1), _fail(errno.EPERM), _step(_RETURN, _ALLOW)]
    program += [_step(_EQUAL, _SOCKET[machine], 0, 3), _step(_LOAD, _FIRST_ARGUMENT), _step(_EQUAL, _AF_UNIX, 1, 0),
                _fail(errno.EAFNOSUPPORT), _step(_RETURN, _ALLOW)]
    return b"".join(program)


def _step(code, value, if_true=0, if_false=0):
    """One instruction; the jumps count instructions from the next one."""
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _fail(number):
    return _step(_RETURN, _ERROR | number)
