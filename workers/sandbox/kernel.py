"""The few system calls Python has no function for before 3.12, by number where glibc has none either."""

from __future__ import annotations

import ctypes
import os
import platform

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 0x2, 0x4, 0x8, 0x1000, 0x4000, 0x40000

_ATTR_READ_ONLY, _ATTR_NOSUID, _ATTR_NODEV = 0x1, 0x2, 0x4
_AT_FDCWD, _AT_RECURSIVE, _MNT_DETACH = -100, 0x8000, 2
_MOUNT_SETATTR = 442
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
_LAST_CAPABILITY = 63

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def unshare(flags: int) -> None:
    _checked(libc.unshare(ctypes.c_int(flags)), "unshare")


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    arguments = (source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode())
    _checked(libc.mount(*arguments), f"mount {target}")


def make_read_only(path: str, *, with_devices: bool = False, is_recursive: bool = True) -> None:
    """Close a mount, and all within it, for writing. Needs Linux 5.12."""

    class Attributes(ctypes.Structure):
        _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns")]

    wanted = Attributes(_ATTR_READ_ONLY | _ATTR_NOSUID | (0 if with_devices else _ATTR_NODEV), 0, 0, 0)
    flags = _AT_RECURSIVE if is_recursive else 0
    _checked(
        libc.syscall(
            ctypes.c_long(_MOUNT_SETATTR),
            ctypes.c_long(_AT_FDCWD),
            ctypes.c_char_p(path.encode()),
            ctypes.c_long(flags),
            ctypes.byref(wanted),
            ctypes.c_long(ctypes.sizeof(wanted)),
        ),
        f"make {path} read-only",
    )


def enter_root(path: str) -> None:
    """Make ``path``, a mount point, the root and let go of the old one."""
    number = _PIVOT_ROOT.get(platform.machine())
    if number is None:
        raise OSError(f"no known number of pivot_root on {platform.machine()}")
    os.chdir(path)
    here = ctypes.c_char_p(b".")
    _checked(libc.syscall(ctypes.c_long(number), here, here), "pivot_root")
    _checked(libc.umount2(here, ctypes.c_int(_MNT_DETACH)), "let go of the old root")
    os.chdir("/")


def die_with_parent(signal: int) -> None:
    _prctl(_PR_SET_PDEATHSIG, signal)


def hide_from_tracers() -> None:
    _prctl(_PR_SET_DUMPABLE, 0)


def give_up_privileges() -> None:
    """Empty the bounding set (where we hold it) and never gain anything by running a file."""
    for capability in range(_LAST_CAPABILITY + 1):
        libc.prctl(ctypes.c_int(_PR_CAPBSET_DROP), ctypes.c_ulong(capability), *[ctypes.c_ulong(0)] * 3)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def _prctl(option: int, value: int) -> None:
    _checked(
        libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), *[ctypes.c_ulong(0)] * 3), f"prctl {option}"
    )


def _checked(result: int, what: str) -> None:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
