"""Programs that mean harm, by what they try. Each ends with ``print("escaped")`` where it got what it wanted."""

from __future__ import annotations

FORK_BOMB = "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass\n"
QUIET_DAEMONS = """
import os, time
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        os.closerange(0, 64)
        if os.fork() == 0:
            time.sleep(300)
        os._exit(0)
print("left")
"""
MEMORY_BOMB = "held = []\nwhile True:\n    held.append(bytearray(1 << 20))\n"
CAUGHT_MEMORY_BOMB = """
import os, time
for _ in range(4):
    if os.fork() == 0:
        break
held = bytearray(100 << 20)
time.sleep(60)
"""
ENDLESS_OUTPUT = "import sys\nwhile True:\n    sys.{stream}.write('x' * 65536)\n"
READ = """
try:
    print(open({path!r}, errors="replace").read()[:200], "escaped")
except OSError as error:
    print(type(error).__name__)
"""
WRITE = """
try:
    open({path!r}, "w").write("escaped")
    print("escaped")
except OSError as error:
    print(type(error).__name__)
"""
CONNECT = """
import socket
try:
    place = socket.socket(socket.{family}, socket.{kind})
    place.settimeout(3)
    place.connect({address!r})
    place.send(b"escaped")
    print("escaped")
except OSError as error:
    print(type(error).__name__)
"""
OPEN_SOCKET = """
import socket
try:
    socket.socket({family}, 3)
    print("escaped")
except OSError as error:
    print(error.errno)
"""
FILL_THE_DISK = """
written = 0
try:
    for number in range(100):
        with open(f"part{number}", "wb") as file:
            written += file.write(b"x" * (1 << 20))
except OSError:
    pass
print(written >> 20)
"""
DEAF_TO_SIGNALS = """
import signal, time
for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
time.sleep(60)
"""
KILL_EVERYONE = """
import os, signal
for target in (1, os.getppid(), -1, WORKER):
    for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
        try:
            os.kill(target, number)
        except OSError:
            pass
print("still here")
"""
STOP_ITSELF = "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\n"
KILL_ITSELF = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"
LOOK_AROUND = """
import os
print(sorted(os.listdir("/")))
print(os.path.exists("/proc"), os.getuid() != 0, dict(os.environ).get("GRADUS_SECRET"))
print([handle for handle in range(3, 64) if os.path.exists(f"/dev/fd/{handle}")])
open_handles = []
for handle in range(3, 64):
    try:
        os.fstat(handle)
        open_handles.append(handle)
    except OSError:
        pass
print(open_handles)
"""
NEW_NAMESPACE = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
print(libc.unshare(0x10000000), ctypes.get_errno())
print(libc.syscall(101, 0, 0, 0, 0), ctypes.get_errno())
"""
