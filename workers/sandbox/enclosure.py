"""The file system a program sees: what Python needs of the machine, closed for writing, and a scratch folder.

Nothing is hidden one by one: the new root is empty, and only what is named here is let in. There is no ``/proc``,
no home, no ``/etc`` but the linker's cache, and no shell.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workers.sandbox import kernel

SCRATCH = "/work"
PACKAGES = "/packages"

_LIBRARIES = ("/usr/lib", "/usr/lib64", "/usr/lib32", "/usr/local/lib", "/lib", "/lib64", "/lib32")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_LINKER_CACHE = "/etc/ld.so.cache"
# Our own mount namespace is the only place where this folder gets another content.
_NEW_ROOT = "/tmp"  # noqa: S108
_SECURE = kernel.MS_NOSUID | kernel.MS_NODEV


@dataclass(frozen=True, slots=True)
class _Source:
    """Something of the machine, held open so that what is mounted over its path does not matter."""

    handle: int
    target: str
    is_folder: bool


def enclose(config: Mapping[str, Any], owner: int) -> None:
    """Move this process into the new root and fill the scratch folder; the program will run as user ``owner``."""
    kernel.unshare(kernel.CLONE_NEWNS)
    kernel.mount("none", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
    system = [*_opened(_LIBRARIES), *_opened((_LINKER_CACHE,))]
    devices = _opened(_DEVICES)
    python = [*_opened(config["python"]), *_opened((config["packages"],), PACKAGES)]
    kernel.mount("none", _NEW_ROOT, "tmpfs", _SECURE, "size=1m,nr_inodes=2k,mode=755")
    for source in (*system, *python):
        _admit(source)
    for source in devices:
        _admit(source, with_devices=True)
    _mask(config["hidden"], [*_LIBRARIES, *config["python"]])
    _add_scratch(config["limits"])
    os.symlink(SCRATCH, _NEW_ROOT + "/tmp")  # noqa: S108
    kernel.enter_root(_NEW_ROOT)
    kernel.make_read_only("/", is_recursive=False)
    _write_files(config, owner)


def _opened(paths: Sequence[str], target: str = "") -> list[_Source]:
    sources = []
    for path in paths:
        if not os.path.exists(path):
            continue
        sources.append(_Source(os.open(path, os.O_PATH | os.O_CLOEXEC), target or path, os.path.isdir(path)))
    return sources


def _admit(source: _Source, *, with_devices: bool = False) -> None:
    place = _NEW_ROOT + source.target
    if source.is_folder:
        os.makedirs(place, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(place), exist_ok=True)
        if not os.path.exists(place):
            os.close(os.open(place, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
    kernel.mount(f"/proc/self/fd/{source.handle}", place, "", kernel.MS_BIND | kernel.MS_REC)
    kernel.make_read_only(place, with_devices=with_devices)
    os.close(source.handle)


def _mask(hidden: Sequence[str], admitted: Sequence[str]) -> None:
    """Lay an empty folder over what must not be seen where it lies inside what is let in."""
    for path in hidden:
        is_inside = any(path.startswith(folder.rstrip("/") + "/") for folder in admitted)
        if is_inside and os.path.isdir(_NEW_ROOT + path):
            kernel.mount("none", _NEW_ROOT + path, "tmpfs", _SECURE, "size=4k,mode=555")


def _add_scratch(limits: Mapping[str, Any]) -> None:
    size = int(limits["disk_bytes"])
    for place, share, mode in ((SCRATCH, size, "700"), ("/dev/shm", size // 4, "1777")):  # noqa: S108
        os.makedirs(_NEW_ROOT + place, exist_ok=True)
        kernel.mount("none", _NEW_ROOT + place, "tmpfs", _SECURE, f"size={share},nr_inodes=4k,mode={mode}")


def _write_files(config: Mapping[str, Any], owner: int) -> None:
    """Before the program exists, so that no link of its making is followed."""
    for name, text in config["files"].items():
        path = os.path.join(SCRATCH, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="", errors="surrogatepass") as file:
            file.write(text)
    for folder, _, names in os.walk(SCRATCH):
        os.chown(folder, owner, owner)
        for name in names:
            os.chown(os.path.join(folder, name), owner, owner)
