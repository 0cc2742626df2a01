"""Makes the kernel look as old as a tracer that translates paths knows it.

Such a tracer lets a system call pass that it has never heard of, and the paths in it then mean the
machine's files instead of the session's. Programs do with older calls where the kernel says that
it has no such call, as the kernels of that time did.
"""

import ctypes
import os
import platform
import struct

_SET_NO_NEW_PRIVS, _SET_SECCOMP, _MODE_FILTER = 38, 22, 2  # of prctl(2)
_FIRST_OF_2019 = 424  # from here on all architectures number calls alike
_CLONE3 = 435  # takes no path, and proot 5.1 gets on with it better than with the older clone
_MACHINES = {  # its number for the kernel, statx, execveat
    "x86_64": (0xC000003E, 332, 322),
    "aarch64": (0xC00000B7, 291, 281),
}
_NUMBER, _MACHINE = 0, 4  # where a filter finds what it is asked about
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_STEP = struct.Struct("=HBBI")  # what to do, steps to skip if so and if not, a number
_ALLOW, _NO_SUCH_CALL = 0x7FFF0000, 0x00050000 | 38  # the latter is ENOSYS


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def known_machine() -> bool:
    """Tell whether the numbers of this machine's system calls are known here."""
    return platform.machine() in _MACHINES


def pretend() -> None:
    """Refuse younger system calls, to this process and to all that it starts from now on.

    Raises:
        OSError: The kernel does not let a process do that.
    """
    filtering = _filter(*_MACHINES[platform.machine()])
    program = _Program(len(filtering) // _STEP.size, filtering)
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or prctl(
        _SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0
    ):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _filter(machine: int, statx: int, execveat: int) -> bytes:
    """Write the program that the kernel asks about each call; its jumps skip so many steps."""
    steps = (
        (_LOAD, 0, 0, _MACHINE),
        (_IF_EQUAL, 0, 6, machine),
        (_LOAD, 0, 0, _NUMBER),
        (_IF_EQUAL, 4, 0, _CLONE3),
        (_IF_AT_LEAST, 2, 0, _FIRST_OF_2019),
        (_IF_EQUAL, 1, 0, statx),
        (_IF_EQUAL, 0, 1, execveat),
        (_RETURN, 0, 0, _NO_SUCH_CALL),
        (_RETURN, 0, 0, _ALLOW),
    )
    return b"".join(_STEP.pack(*step) for step in steps)
