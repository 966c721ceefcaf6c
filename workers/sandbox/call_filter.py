"""A seccomp filter: system calls a calculation never needs are refused, and so are sockets of unusual families.

The namespaces close the network and the files; this keeps a program from making new namespaces, from looking into
other processes and from the parts of the kernel where most of its holes were found. Virtual-machine sockets
(``AF_VSOCK``) do not belong to a network namespace, so the filter is not optional.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct

from workers.sandbox import kernel

_LOAD, _JUMP_EQUAL, _JUMP_ABOVE, _JUMP_ANY, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCHITECTURE, _ARGUMENT_0 = 0, 4, 16
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_NEW_NAMESPACES = 0x7E020080  # every CLONE_NEW… flag
_FAMILIES = (1, 2, 10)  # AF_UNIX, AF_INET, AF_INET6: all three lead nowhere in an empty network namespace

_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_CLONE = {"x86_64": 56, "aarch64": 220}
_SOCKET = {"x86_64": 41, "aarch64": 198}
_CLONE3 = 435
# Name: number on x86_64, on aarch64.
_REFUSED: dict[str, tuple[int, int | None]] = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "unshare": (272, 97),
    "setns": (308, 268),
    "personality": (135, 92),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "fanotify_init": (300, 262),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "lookup_dcookie": (212, 18),
    "quotactl": (179, 60),
    "syslog": (103, 116),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "iopl": (172, None),
    "ioperm": (173, None),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "vhangup": (153, 58),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
}


def install() -> None:
    """Filter this process and all it starts. Needs ``no_new_privs``; raises OSError where it cannot be done."""
    program = _program(platform.machine())

    class Filter(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]

    described = Filter(len(program) // 8, program)
    arguments = (ctypes.c_ulong(_MODE_FILTER), ctypes.byref(described), ctypes.c_ulong(0), ctypes.c_ulong(0))
    if kernel.libc.prctl(ctypes.c_int(_PR_SET_SECCOMP), *arguments) != 0:
        raise OSError(ctypes.get_errno(), "the kernel takes no seccomp filter")


def _program(machine: str) -> bytes:
    if machine not in _AUDIT:
        raise OSError(f"no seccomp filter is written for {machine}")
    code = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_JUMP_EQUAL, _AUDIT[machine], 1, 0),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER),
    ]
    if machine == "x86_64":
        # The x32 calls are the same ones under other numbers.
        code += [_step(_JUMP_ABOVE, 0x40000000, 0, 1), _step(_RETURN, _KILL)]
    for numbers in _REFUSED.values():
        number = numbers[0 if machine == "x86_64" else 1]
        if number is None:
            continue
        code += [_step(_JUMP_EQUAL, number, 0, 1), _step(_RETURN, _ERRNO | errno.EPERM)]
    # Its flags lie behind a pointer that no filter can follow; C libraries fall back to the older call.
    code += [_step(_JUMP_EQUAL, _CLONE3, 0, 1), _step(_RETURN, _ERRNO | errno.ENOSYS)]
    code += [
        _step(_JUMP_EQUAL, _CLONE[machine], 0, 4),
        _step(_LOAD, _ARGUMENT_0),
        _step(_JUMP_ANY, _NEW_NAMESPACES, 0, 1),
        _step(_RETURN, _ERRNO | errno.EPERM),
        _step(_RETURN, _ALLOW),
    ]
    code += [_step(_JUMP_EQUAL, _SOCKET[machine], 1, 0), _step(_RETURN, _ALLOW), _step(_LOAD, _ARGUMENT_0)]
    for family in _FAMILIES:
        code += [_step(_JUMP_EQUAL, family, 0, 1), _step(_RETURN, _ALLOW)]
    return b"".join([*code, _step(_RETURN, _ERRNO | errno.EAFNOSUPPORT)])


def _step(operation: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", operation, if_true, if_false, value)
