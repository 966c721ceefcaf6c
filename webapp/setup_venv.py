"""Builds ``.venv`` and steps into it, so that ``python3 manage.py COMMAND`` works on a bare machine.

Runs before anything is installed and therefore imports the standard library only. What is installed is
recorded in ``.venv/gradus.json`` with a hash of each lock; a start that finds its locks there only reads them.
The record says "not ready" while an installation runs: an interrupted one is repeated, never believed.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import NoReturn, TextIO, TypedDict

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "requirements"
STATE = ROOT / ".gradus"
VENV = ROOT / ".venv"
RECORD = VENV / "gradus.json"
VENV_BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
VENV_PYTHON = VENV_BIN / ("python.exe" if os.name == "nt" else "python")

EXTRAS = ("local", "export", "stats", "otel", "dev")
COMMAND_EXTRAS: dict[str, tuple[str, ...]] = {"demo": ("local",), "test": EXTRAS}
# Megabytes on disk, measured on Linux x86-64 with Python 3.11; only shown, never relied on.
MEGABYTES = {"base": 290, "local": 400, "export": 480, "stats": 600, "otel": 300, "dev": 1400}

NO_NETWORK = (
    "The package index could not be reached. Check the network and, behind a proxy, HTTPS_PROXY; an index of "
    "your own is set with UV_DEFAULT_INDEX or PIP_INDEX_URL. Then start again."
)
BAD_HASH = (
    "A downloaded package is not the one that was locked. If a proxy rewrites downloads, go around it; "
    "otherwise report this, and install nothing."
)
# What installers print (lower case) → what it means for the person who reads it.
CAUSES = {
    "no space left on device": "The disk is full. Free some space, then start again.",
    "do not match the hashes": BAD_HASH,
    "hash mismatch": BAD_HASH,
    "name or service not known": NO_NETWORK,
    "name resolution": NO_NETWORK,
    "nodename nor servname": NO_NETWORK,
    "network is unreachable": NO_NETWORK,
    "connection refused": NO_NETWORK,
    "failed to establish": NO_NETWORK,
    "error sending request": NO_NETWORK,
    "timed out": NO_NETWORK,
}


class Record(TypedDict):
    """``locks`` maps a name to the hash of the file installed; ``torch`` is ``cpu torch==2.13.0``, or empty."""

    is_ready: bool
    locks: dict[str, str]
    torch: str


class SetupError(Exception):
    """The environment could not be built; the text is written for the person at the terminal."""


def say(line: str) -> None:
    """Progress goes to stderr, so that a command's own output can be piped."""
    print(f"gradus: {line}", file=sys.stderr, flush=True)


def locks_for(extras: Iterable[str]) -> list[str]:
    """Names of the locks to install. ``dev`` holds all others, and every other holds ``base``."""
    wanted = set(extras)
    return ["dev"] if "dev" in wanted else sorted(wanted.intersection(EXTRAS)) or ["base"]


def fingerprint(lock: str) -> str:
    return hashlib.sha256((LOCKS / f"{lock}.lock").read_bytes()).hexdigest()


def torch_pin() -> str:
    """The one requirement in ``torch.txt``, such as ``torch==2.13.0``."""
    lines = (LOCKS / "torch.txt").read_text(encoding="utf-8").splitlines()
    return next(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def read_record() -> Record | None:
    """What an earlier start installed, or None where none did or the record cannot be read."""
    try:
        found = json.loads(RECORD.read_text(encoding="utf-8"))
        return Record(is_ready=found["is_ready"], locks=dict(found["locks"]), torch=str(found["torch"]))
    except (OSError, ValueError, LookupError, TypeError):
        return None


def write_record(record: Record) -> None:
    """Replace the record in one move: a reader sees the old one or the new one, never a half."""
    draft = RECORD.with_suffix(".tmp")
    draft.write_text(json.dumps(record), encoding="utf-8")
    draft.replace(RECORD)


def is_ready(extras: Iterable[str], record: Record | None, *, torch_build: str = "") -> bool:
    """Whether everything ``extras`` need is recorded as installed from the present locks.

    ``torch_build`` is ``cpu`` or ``cuda``; without it either will do.
    """
    if record is None or record["is_ready"] is not True or not VENV_PYTHON.exists():
        return False
    current = {lock for lock in ("base", *EXTRAS) if record["locks"].get(lock) == fingerprint(lock)}
    if "dev" not in current and not current.issuperset({"base", *extras}):
        return False
    build, _, pin = record["torch"].partition(" ")
    return "local" not in extras or (pin == torch_pin() and torch_build in ("", build))


def enter(argv: Sequence[str]) -> None:
    """Return inside an environment that can run ``argv``; where needed build it and start again in it."""
    command = argv[1] if len(argv) > 1 else ""
    try:
        if command == "setup":
            set_up(argv[2:])
            sys.exit(0)
        if may_not_install() or is_someone_elses():
            return
        fresh = ensure(COMMAND_EXTRAS.get(command, ()))
    except SetupError as error:
        say(str(error))
        sys.exit(1)
    except OSError as error:
        say(f"The environment could not be built: {error}.")
        sys.exit(1)
    except KeyboardInterrupt:
        say("Interrupted. What was half installed will be installed again at the next start.")
        sys.exit(130)
    if fresh or not is_inside():
        become([str(VENV_PYTHON), *argv])


def is_inside() -> bool:
    return Path(sys.prefix).resolve() == VENV.resolve()


def may_not_install() -> bool:
    """Whether ``GRADUS_NO_BOOTSTRAP=1`` says to take the environment as it is, as containers do."""
    if os.environ.get("GRADUS_NO_BOOTSTRAP") != "1":
        return False
    if not has_django():
        raise SetupError("GRADUS_NO_BOOTSTRAP=1 forbids installing, and this Python has no Django.")
    return True


def is_someone_elses() -> bool:
    """Whether the active virtual environment has Django, and no earlier start of ours built it."""
    if sys.prefix == sys.base_prefix or (is_inside() and read_record() is not None):
        return False
    return has_django()


def has_django() -> bool:
    return find_spec("django") is not None


def become(command: Sequence[str]) -> NoReturn:
    """Replace this process by ``command``."""
    if os.name == "nt":  # Windows' exec returns to the shell at once and leaves the child in the background.
        sys.exit(subprocess.call(command))
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(command[0], list(command))


def set_up(arguments: Sequence[str]) -> None:
    """``manage.py setup``: install extras by name."""
    parser = argparse.ArgumentParser(
        prog="manage.py setup",
        description="Install what Gradus needs into .venv. Other commands install what they need themselves.",
    )
    parser.add_argument(
        "extras",
        nargs="*",
        metavar="EXTRA",
        help="local: run models in-process; export: Parquet and Hub; stats: faster statistics; otel: traces of "
        "requests and tasks; dev: all, and tests",
    )
    parser.add_argument("--cuda", action="store_true", help="PyTorch with CUDA, several GB; implies local")
    options = parser.parse_args(arguments)
    for extra in options.extras:
        if extra not in EXTRAS:
            parser.error(f"no extra is called {extra!r}; choose from {', '.join(EXTRAS)}")
    if may_not_install():
        raise SetupError("GRADUS_NO_BOOTSTRAP=1 forbids installing.")
    extras = [*options.extras, "local"] if options.cuda else options.extras
    if not ensure(extras, torch_build="cuda" if options.cuda else ""):
        say("Everything is installed already.")


def ensure(extras: Sequence[str], *, torch_build: str = "") -> bool:
    """Install what is missing; True when this start, or one it waited for, did."""
    if is_ready(extras, read_record(), torch_build=torch_build):
        return False
    with only_one():
        if not is_ready(extras, read_record(), torch_build=torch_build):
            install(extras, torch_build)
    return True


def install(extras: Sequence[str], torch_build: str) -> None:
    """Build or repair ``.venv``: the extras wanted now and those it had before."""
    before = read_record() or Record(is_ready=False, locks={}, torch="")
    torch = before["torch"]
    locks = locks_for({*extras, *before["locks"]})
    if not VENV_PYTHON.exists():
        create_venv()
        torch = ""
    write_record(Record(is_ready=False, locks=dict.fromkeys(locks, ""), torch=torch))
    install_locks(locks)
    if "local" in extras or torch:
        build = torch_build or torch.partition(" ")[0] or "cpu"
        if torch != f"{build} {torch_pin()}":
            install_torch(build)
        torch = f"{build} {torch_pin()}"
    write_record(
        Record(is_ready=True, locks={lock: fingerprint(lock) for lock in ("base", *locks)}, torch=torch)
    )
    say("Ready.")


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """Hold the lock that keeps two starts from installing at once."""
    STATE.mkdir(exist_ok=True)
    with (STATE / "setup.lock").open("a+", encoding="utf-8") as file:
        # An installer that outlives a killed start inherits the lock, and so keeps the next start waiting.
        os.set_inheritable(file.fileno(), True)
        if not try_lock(file):
            say("Another start is installing; waiting for it.")
            while not try_lock(file):
                time.sleep(0.2)
        yield


def try_lock(file: TextIO) -> bool:
    """Take the file's lock if it is free; the system lets go of it however this process ends."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def create_venv() -> None:
    say(f"Creating .venv with Python {sys.version_info.major}.{sys.version_info.minor}")
    uv = which("uv")
    if uv is not None:
        with contextlib.suppress(SetupError):
            return run([uv, "venv", "--clear", "--python", sys.executable, str(VENV)])
    if find_spec("venv") is None or find_spec("ensurepip") is None:
        raise SetupError(
            "This Python cannot create virtual environments: its venv or ensurepip module is missing. "
            "On Debian and Ubuntu: apt install python3-venv. Elsewhere: install uv, or a complete Python."
        )
    run([sys.executable, "-m", "venv", "--clear", str(VENV)])


def install_locks(locks: Sequence[str]) -> None:
    """Install the locks with the first installer that manages it."""
    count = len({name for lock in locks for name in package_names(lock)})
    size = max(MEGABYTES[lock] for lock in locks)
    say(f"Installing {count} packages for {' + '.join(locks)}, about {size} MB on disk")
    files = [part for lock in locks for part in ("--requirement", str(LOCKS / f"{lock}.lock"))]
    first_to_succeed([*installer, "--require-hashes", *files] for installer in installers())


def package_names(lock: str) -> set[str]:
    lines = (LOCKS / f"{lock}.lock").read_text(encoding="utf-8").splitlines()
    return {line.partition("==")[0] for line in lines if "==" in line and not line.startswith(" ")}


def installers() -> Iterator[list[str]]:
    """Command prefixes that install into ``.venv``, best first: uv on PATH, uv in the venv, pip.

    Drawn one by one, so that uv is only fetched where there is none, and pip only used where uv failed.
    """
    uv = find_uv()
    if uv is None:
        with contextlib.suppress(SetupError):
            ensure_pip()
            run([*pip(), "--require-hashes", "--requirement", str(LOCKS / "installer.lock")])
            uv = find_uv()
    if uv is not None:
        yield [uv, "pip", "install", "--python", str(VENV_PYTHON)]
    try:
        ensure_pip()
    except SetupError:
        return  # Why uv failed says more than that pip is missing too.
    yield pip()


def find_uv() -> str | None:
    return which("uv") or which("uv", path=str(VENV_BIN))


def pip() -> list[str]:
    return [str(VENV_PYTHON), "-m", "pip", "install"]


def ensure_pip() -> None:
    """A venv that uv made has no pip."""
    try:
        run([str(VENV_PYTHON), "-c", "import pip"])
    except SetupError:
        run([str(VENV_PYTHON), "-m", "ensurepip"])


def install_torch(build: str) -> None:
    size = "CUDA, several GB" if build == "cuda" else "CPU, about 750 MB on disk"
    say(f"Installing PyTorch ({torch_pin()}, {size})")
    first_to_succeed(torch_commands(build, sys.platform, find_uv()))


def torch_commands(build: str, platform: str, uv: str | None) -> Iterator[list[str]]:
    """Ways to install PyTorch, best first; drawn one by one, each only after the one before has failed.

    On Linux the default index offers the CUDA build. The CPU build is asked for first where pip is configured
    to find it (uv does not read pip's configuration), then on PyTorch's own index, which uv knows. What torch
    itself needs came with local.lock, except what its CUDA build adds.
    """
    pin = torch_pin()
    into_venv = ["pip", "install", "--python", str(VENV_PYTHON)]
    if build == "cuda":
        if uv is not None:
            yield [uv, *into_venv, "--torch-backend=auto", pin]
        yield [*pip(), pin]
        return
    if not platform.startswith("linux"):
        yield [*pip(), "--no-deps", pin]
        return
    yield [*pip(), "--no-deps", "--retries", "1", "--timeout", "20", f"{pin}+cpu"]
    if uv is not None:
        yield [uv, *into_venv, "--no-deps", "--torch-backend=cpu", pin]
    say(
        "No CPU build of PyTorch could be reached: taking the default, several GB with CUDA. Ctrl-C stops it."
    )
    yield [*pip(), pin]


def first_to_succeed(commands: Iterable[Sequence[str]]) -> None:
    """Run the commands until one succeeds; if none does, raise what the last one said."""
    failure = SetupError("There is no way to install packages here.")
    for command in commands:
        try:
            return run(command)
        except SetupError as error:
            failure = error
    raise failure


def run(command: Sequence[str]) -> None:
    """Run one step, its output kept in ``.gradus/setup.log``; raise SetupError with cause and last lines."""
    # With their own defaults, uv and pip spend ten seconds and more on a name that does not resolve.
    environment = {"UV_HTTP_RETRIES": "1", "PIP_RETRIES": "1", **os.environ}
    log_path = STATE / "setup.log"
    with log_path.open("w+", encoding="utf-8", errors="replace") as log:
        try:
            # close_fds=False hands down the lock alone (see only_one): all else that Python opens stays here.
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, close_fds=False
            )
        except OSError as error:
            raise SetupError(f"{command[0]} cannot be run: {error.strerror}.") from error
        try:
            code = wait_aloud(child)
        except BaseException:
            child.terminate()
            child.wait()
            raise
        log.seek(0)
        output = log.read()
    if code != 0:
        raise SetupError(explain(output, log_path))


def wait_aloud(child: subprocess.Popen[bytes], *, every: int = 10) -> int:
    """Wait for ``child``, with a sign of life every so many seconds."""
    waited = 0
    while True:
        try:
            return child.wait(timeout=every)
        except subprocess.TimeoutExpired:
            waited += every
            say(f"  still at it after {waited} s")


def explain(output: str, log_path: Path) -> str:
    """One sentence on the cause where it is known, then the last lines of what the installer said."""
    folded = output.lower()
    cause = next((said for mark, said in CAUSES.items() if mark in folded), "Installing failed.")
    tail = [f"    {line.strip()[:160]}" for line in output.strip().splitlines()[-4:]]
    return "\n".join([cause, *tail, f"  All of it: {log_path}"])
