"""Builds ``.venv`` and steps into it, so that ``python3 manage.py COMMAND`` works on a bare machine.

Runs before anything is installed and therefore imports the standard library only. What is installed is recorded in
``.venv/gradus.json`` with a hash of each lock; a start whose locks are recorded there does no more than read them.
The record says "not ready" while an installation runs: an interrupted one is repeated, never believed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import TextIO

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "requirements"
STATE = ROOT / ".gradus"
VENV = ROOT / ".venv"
RECORD = VENV / "gradus.json"
VENV_BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
VENV_PYTHON = VENV_BIN / ("python.exe" if os.name == "nt" else "python")

EXTRAS = ("local", "export", "dev")
COMMAND_EXTRAS: dict[str, tuple[str, ...]] = {"demo": ("local",), "test": EXTRAS}
# Megabytes on disk, measured on Linux x86-64 with Python 3.11; only shown, never relied on.
MEGABYTES = {"base": 230, "local": 380, "export": 420, "dev": 900}

CAUSES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("no space left on device",), "The disk is full. Free some space, then start again."),
    (
        ("do not match the hashes", "hash mismatch"),
        "A downloaded package is not the one that was locked. If a proxy rewrites downloads, go around it; "
        "otherwise report this, and install nothing.",
    ),
    (
        (
            "dns error",
            "name or service not known",
            "name resolution",
            "nodename nor servname",
            "connection refused",
            "failed to establish",
            "network is unreachable",
            "error sending request",
            "timed out",
        ),
        "The package index could not be reached. Check the network and, behind a proxy, HTTPS_PROXY; "
        "an index of your own is set with UV_DEFAULT_INDEX or PIP_INDEX_URL. Then start again.",
    ),
)


class SetupError(Exception):
    """The environment could not be built; the text is written for the person at the terminal."""


def say(line: str) -> None:
    """Progress goes to stderr, so that a command's own output can be piped."""
    print(f"gradus: {line}", file=sys.stderr, flush=True)


# --- what is wanted, and what is there -------------------------------------------------------------------------


def extras_of(command: str) -> tuple[str, ...]:
    """The extras a management command cannot do without."""
    return COMMAND_EXTRAS.get(command, ())


def locks_for(extras: Iterable[str]) -> list[str]:
    """Names of the locks to install. ``dev`` holds all others, and every other holds ``base``."""
    wanted = set(extras)
    if "dev" in wanted:
        return ["dev"]
    return sorted(wanted - {"base"}) or ["base"]


def covered_by(locks: Iterable[str]) -> list[str]:
    """Every lock whose packages are all there once ``locks`` are installed."""
    installed = {"base", *locks}
    return ["base", *EXTRAS] if "dev" in installed else sorted(installed)


def fingerprint(lock: str) -> str:
    return hashlib.sha256((LOCKS / f"{lock}.lock").read_bytes()).hexdigest()


def torch_pin() -> str:
    """The one requirement in ``torch.txt``, such as ``torch==2.13.0``."""
    lines = (LOCKS / "torch.txt").read_text(encoding="utf-8").splitlines()
    return next(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def read_record() -> dict[str, object] | None:
    """What an earlier start installed, or None where none did or the record cannot be read."""
    try:
        record = json.loads(RECORD.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) and isinstance(record.get("locks"), dict) else None


def write_record(*, is_ready: bool, locks: Mapping[str, str], torch: str | None) -> None:
    """Replace the record in one move: a reader sees the old one or the new one, never a half."""
    draft = RECORD.with_suffix(".tmp")
    draft.write_text(json.dumps({"ready": is_ready, "locks": dict(locks), "torch": torch}), encoding="utf-8")
    draft.replace(RECORD)


def is_ready(extras: Iterable[str], record: Mapping[str, object] | None) -> bool:
    """Whether everything ``extras`` need is recorded as installed from the present locks."""
    wanted = set(extras)
    if record is None or record.get("ready") is not True or not VENV_PYTHON.exists():
        return False
    locks = record["locks"]
    if not isinstance(locks, dict) or any(locks.get(name) != fingerprint(name) for name in {"base", *wanted}):
        return False
    return "local" not in wanted or str(record.get("torch")).partition(" ")[2] == torch_pin()


# --- stepping in ------------------------------------------------------------------------------------------------


def enter(argv: Sequence[str]) -> None:
    """Return inside an environment that can run ``argv``; build it and re-execute Python in it where needed."""
    command = argv[1] if len(argv) > 1 else ""
    try:
        if command == "setup":
            set_up(argv[2:])
            sys.exit(0)
        if os.environ.get("GRADUS_NO_BOOTSTRAP") == "1" or is_someone_elses():
            return
        fresh = ensure(extras_of(command))
    except SetupError as error:
        say(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        say("Interrupted. What was half installed will be installed again at the next start.")
        sys.exit(130)
    if fresh or not is_inside():
        become([str(VENV_PYTHON), *argv])


def is_inside() -> bool:
    return Path(sys.prefix).resolve() == VENV.resolve()


def is_someone_elses() -> bool:
    """Whether an active virtual environment that has Django, and that no earlier start built, is running this."""
    if sys.prefix == sys.base_prefix or (is_inside() and read_record() is not None):
        return False
    from importlib.util import find_spec

    return find_spec("django") is not None


def become(command: Sequence[str]) -> NoReturn:
    """Replace this process by ``command``."""
    if os.name == "nt":  # Windows' exec returns to the shell at once and leaves the child in the background.
        import subprocess

        sys.exit(subprocess.call(command))
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(command[0], list(command))


def set_up(arguments: Sequence[str]) -> None:
    """``manage.py setup``: install extras by name."""
    import argparse

    parser = argparse.ArgumentParser(
        prog="manage.py setup",
        description="Install what Gradus needs into .venv. The other commands install what they need themselves.",
    )
    parser.add_argument(
        "extras",
        nargs="*",
        metavar="EXTRA",
        help="local: run models in-process; export: Parquet and Hub; dev: tests and checks",
    )
    parser.add_argument("--cuda", action="store_true", help="PyTorch with CUDA, several GB; implies local")
    options = parser.parse_args(arguments)
    for extra in options.extras:
        if extra not in EXTRAS:
            parser.error(f"no extra is called {extra!r}; choose from {', '.join(EXTRAS)}")
    if os.environ.get("GRADUS_NO_BOOTSTRAP") == "1":
        raise SetupError("GRADUS_NO_BOOTSTRAP=1 forbids installing. Unset it to let setup build .venv.")
    extras = {*options.extras, *(("local",) if options.cuda else ())}
    if not ensure(extras, torch_build="cuda" if options.cuda else None):
        say("Everything is installed already.")


# --- building ---------------------------------------------------------------------------------------------------


def ensure(extras: Iterable[str], *, torch_build: str | None = None) -> bool:
    """Install what is missing; True when anything was. ``torch_build`` None takes either build that is there."""
    wanted = set(extras)

    def is_done() -> bool:
        record = read_record()
        has_build = torch_build is None or str((record or {}).get("torch")).startswith(f"{torch_build} ")
        return is_ready(wanted, record) and has_build

    if is_done():
        return False
    with only_one():
        if is_done():  # The start we waited for has installed the same.
            return True
        install(wanted, torch_build)
    return True


def install(extras: set[str], torch_build: str | None) -> None:
    """Build or repair ``.venv``: the extras wanted now and those it had before."""
    before = read_record() or {}
    had = before.get("locks")
    torch = str(before["torch"]) if before.get("torch") else None
    locks = locks_for({*extras, *(had if isinstance(had, dict) else ())})
    if not VENV_PYTHON.exists():
        create_venv()
        torch = None
    write_record(is_ready=False, locks=dict.fromkeys(locks, ""), torch=torch)
    install_locks(locks)
    if "local" in extras or torch:
        build = torch_build or (torch.partition(" ")[0] if torch else "cpu")
        if torch != f"{build} {torch_pin()}":
            install_torch(build)
        torch = f"{build} {torch_pin()}"
    write_record(is_ready=True, locks={name: fingerprint(name) for name in covered_by(locks)}, torch=torch)
    say("Ready.")


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """Hold the lock that keeps two starts from installing at once."""
    import time

    STATE.mkdir(exist_ok=True)
    with (STATE / "setup.lock").open("a+", encoding="utf-8") as file:
        if not try_lock(file):
            say("Another start is installing; waiting for it.")
            while not try_lock(file):
                time.sleep(0.2)
        yield


def try_lock(file: TextIO) -> bool:
    """Take the file's lock if it is free; the system lets go of it when this process ends, however it ends."""
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
    from importlib.util import find_spec
    from shutil import which

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
    ensure_pip()
    yield pip()


def find_uv() -> str | None:
    from shutil import which

    return which("uv") or which("uv", path=str(VENV_BIN))


def pip() -> list[str]:
    return [str(VENV_PYTHON), "-m", "pip", "install"]


def ensure_pip() -> None:
    """A venv that uv made has no pip."""
    import subprocess

    has_pip = [str(VENV_PYTHON), "-c", "import pip"]
    if subprocess.run(has_pip, capture_output=True, check=False).returncode != 0:
        run([str(VENV_PYTHON), "-m", "ensurepip"])


def install_torch(build: str) -> None:
    say(f"Installing PyTorch ({torch_pin()}, {'CUDA, several GB' if build == 'cuda' else 'CPU, about 700 MB on disk'})")
    first_to_succeed(torch_commands(build, sys.platform, find_uv()))


def torch_commands(build: str, platform: str, uv: str | None) -> Iterator[list[str]]:
    """Ways to install PyTorch, best first; drawn one by one, each only after the one before has failed.

    On Linux the default index offers the CUDA build. The CPU build is asked for first where pip is configured to find
    it (uv does not read pip's configuration), then on PyTorch's own index, which uv knows. What torch itself needs
    came with local.lock, except what its CUDA build adds.
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
    say("No CPU build of PyTorch could be reached: taking the default one, several GB with CUDA. Ctrl-C stops it.")
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
    import subprocess
    import time

    # With its default of three retries uv spends ten seconds on a name that does not resolve.
    environment = {**os.environ, "UV_HTTP_RETRIES": os.environ.get("UV_HTTP_RETRIES", "1")}
    started = time.monotonic()
    log_path = STATE / "setup.log"
    with log_path.open("w+", encoding="utf-8", errors="replace") as log:
        try:
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=environment
            )
        except OSError as error:
            raise SetupError(f"{command[0]} cannot be run: {error.strerror}.") from error
        try:
            while (code := poll(child, seconds=10)) is None:
                say(f"  still at it after {time.monotonic() - started:.0f} s")
        except BaseException:
            child.terminate()
            child.wait()
            raise
        log.seek(0)
        output = log.read()
    if code != 0:
        raise SetupError(explain(output, log_path))


def poll(child: object, *, seconds: float) -> int | None:
    import subprocess

    assert isinstance(child, subprocess.Popen)
    try:
        return int(child.wait(timeout=seconds))
    except subprocess.TimeoutExpired:
        return None


def explain(output: str, log_path: Path) -> str:
    """One sentence on the cause where it is known, then the last lines of what the installer said."""
    folded = output.lower()
    cause = next((said for marks, said in CAUSES if any(mark in folded for mark in marks)), None)
    tail = "\n".join(f"    {line}" for line in output.strip().splitlines()[-8:])
    return f"{cause or 'Installing failed.'}\n{tail}\n  All of it: {log_path}"
