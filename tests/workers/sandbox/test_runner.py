from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotate.errors import Rejected
from tests.paths import REPOSITORY
from tests.workers.sandbox import hostile
from workers.sandbox.limits import MIB, Limits, Outcome
from workers.sandbox.runner import run_sandboxed, sandbox_trouble

pytestmark = pytest.mark.skipif(bool(sandbox_trouble()), reason=f"no sandbox here: {sandbox_trouble()}")

SHORT = Limits(seconds=1.5)


def processes() -> set[str]:
    """The command lines of what runs here with a program or a launcher in it, be it this process's or an orphan."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().decode(errors="replace")
            lineage = ancestors(int(folder.name))
        except OSError:
            continue
        # What comes from the same parent by another child belongs to tests that run beside these.
        is_a_siblings = os.getppid() in lineage and os.getpid() not in lineage
        if ("program.py" in command or "workers.sandbox.launcher" in command) and not is_a_siblings:
            found.add(f"{folder.name} {command}")
    return found


def ancestors(pid: int) -> list[int]:
    found = []
    while pid > 1:
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        found.append(pid)
    return found


def zombies() -> set[str]:
    """The ended children of this process that nobody has waited for; the living ones may be other tests'."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state == "Z" and int(parent) == os.getpid():
            found.add(folder.name)
    return found


def scratch_left(before: set[str]) -> set[str]:
    """Folders of sandboxes that stay; those of tests that run beside these go soon."""
    deadline = time.monotonic() + 20
    left = {name for name in set(os.listdir("/tmp")) - before if "sandbox" in name}
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left &= set(os.listdir("/tmp"))
    return left


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """After whatever was run: the next run works, and no process, zombie, file or descriptor stays."""
    before, dead, handles = processes(), zombies(), len(os.listdir("/proc/self/fd"))
    scratch = set(os.listdir("/tmp"))
    yield
    assert run_sandboxed("print('and on')").stdout == "and on\n"
    assert processes() <= before
    assert len(os.listdir("/proc/self/fd")) == handles
    assert not scratch_left(scratch)
    assert zombies() <= dead


def printed(program: str, **options: object) -> str:
    outcome = run_sandboxed(program, **options)  # type: ignore[arg-type]
    assert outcome.status == "ok", outcome
    return outcome.stdout


def test_program_gets_its_input_and_files_and_says_what_it_likes() -> None:
    program = "import sys, helper\nprint(helper.f(sys.stdin.read()), open('data/a.txt').read())\nsys.exit(3)"
    files = {"helper.py": "def f(text):\n    return text.upper()\n", "data/a.txt": "é"}
    outcome = run_sandboxed(program, stdin="hi", files=files)
    assert (outcome.status, outcome.exit_code, outcome.stdout, outcome.stderr) == ("failed", 3, "HI é\n", "")
    assert 0 < outcome.seconds < 20


def test_means_are_named() -> None:
    means = " ".join(run_sandboxed("").means)
    for word in ("process namespace", "network namespace", "mount namespace", "seccomp"):
        assert word in means


def test_scratch_folder_is_fresh_writable_and_alone() -> None:
    first = (
        "import os\nopen('a', 'w').write('x')\nos.symlink('/', 'root')\nos.mkdir('d')\nprint(os.listdir('.'))"
    )
    assert "'a'" in printed(first)
    assert (
        printed("import os\nprint(os.listdir('/work'), os.listdir('/tmp'))")
        == "['program.py'] ['program.py']\n"
    )


def test_installed_packages_can_be_used() -> None:
    assert printed("import numpy\nprint(numpy.arange(4).sum())") == "6\n"


@pytest.mark.parametrize("name", ["../a", "/a", "a/../../b", "", ".", "program.py", ".stdin", "a\0b"])
def test_file_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(Rejected, match="files"):
        run_sandboxed("", files={name: "x"})


@pytest.mark.parametrize(
    ("program", "limits", "status"),
    [
        (hostile.FORK_BOMB, SHORT, "timeout"),
        (hostile.MEMORY_BOMB, Limits(), "memory"),
        (hostile.CAUGHT_MEMORY_BOMB, Limits(memory=256 * MIB), "memory"),
        (hostile.ENDLESS_OUTPUT.format(stream="stdout"), Limits(), "output"),
        (hostile.ENDLESS_OUTPUT.format(stream="stderr"), Limits(), "output"),
        ("import time\ntime.sleep(999)", SHORT, "timeout"),
        ("while True: pass", Limits(cpu_seconds=1), "timeout"),
        (
            "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass",
            Limits(cpu_seconds=1),
            "timeout",
        ),
        (hostile.DEAF_TO_SIGNALS, SHORT, "timeout"),
        (hostile.STOP_ITSELF, SHORT, "timeout"),
        (hostile.KILL_ITSELF, Limits(), "killed"),
        ("9 ** 9 ** 9 ** 9", Limits(seconds=3), "timeout"),
        ("import ctypes\nctypes.string_at(0)", Limits(), "killed"),
        ("input()", Limits(), "failed"),
        ("(", Limits(), "failed"),
    ],
    ids=lambda value: value.strip()[:24] if isinstance(value, str) else None,
)
def test_what_never_ends_well_is_ended_and_named(program: str, limits: Limits, status: str) -> None:
    started = time.monotonic()
    outcome = run_sandboxed(program, limits=limits)
    assert outcome.status == status, outcome
    assert time.monotonic() - started < limits.seconds + 15
    assert max(len(outcome.stdout), len(outcome.stderr)) <= limits.output_bytes
    assert (outcome.exit_code is None) == (
        outcome.status in {"timeout", "output", "killed"}
    ) or status == "memory"


@pytest.mark.parametrize(
    "path",
    [
        str(REPOSITORY / "webapp" / "settings.py"),
        str(REPOSITORY / "manage.py"),
        str(REPOSITORY / "tests" / "settings.py"),
        pytest.param(f"/proc/{os.getpid()}/environ", id="of the worker"),
        "/proc/self/environ",
        "/proc/1/environ",
        "/etc/passwd",
        "/etc/shadow",
        str(Path.home() / ".bashrc"),
        "/dev/mem",
        "/dev/kmsg",
        "/dev/sda",
        "/sys/kernel/notes",
    ],
)
def test_file_of_the_machine_is_not_there(path: str) -> None:
    assert "escaped" not in printed(hostile.READ.format(path=path))


def test_database_and_other_folders_are_not_there(tmp_path: Path) -> None:
    database = tmp_path / "db.sqlite3"
    database.write_text("secret")
    database.chmod(0o666)
    tmp_path.chmod(0o777)
    for program in (hostile.READ, hostile.WRITE):
        assert "escaped" not in printed(program.format(path=str(database)))
    link = f"import os\nos.symlink({str(database)!r}, 'link')\n"
    assert "escaped" not in printed(link + hostile.READ.format(path="link"))
    assert "escaped" not in printed(link + hostile.WRITE.format(path="link"))
    assert database.read_text() == "secret"


@pytest.mark.parametrize("folder", ["/", "/usr/lib", "/packages", "/dev", f"{sys.base_prefix}/lib", "/etc"])
def test_nothing_can_be_written_outside_the_scratch_folder(folder: str) -> None:
    assert "escaped" not in printed(hostile.WRITE.format(path=f"{folder}/escaped"))
    assert not Path(folder, "escaped").exists()


def test_environment_descriptors_and_processes_of_the_worker_are_not_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GRADUS_SECRET", "swordfish")
    with (tmp_path / "open").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        roots, rest, listed, handles = printed(hostile.LOOK_AROUND).splitlines()
    assert "home" not in roots
    assert rest == "False True None"
    assert (listed, handles) == ("[]", "[]")


def test_disk_has_an_end() -> None:
    assert int(printed(hostile.FILL_THE_DISK, limits=Limits(disk_bytes=8 * MIB))) <= 8


def test_no_tcp_udp_or_unix_socket_leads_anywhere(tmp_path: Path) -> None:
    heard: list[bytes] = []
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_UNIX) as unix,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        udp.bind(("127.0.0.1", 0))
        unix.bind(str(tmp_path / "socket"))
        abstract.bind("\0gradus-sandbox-test")
        for server in (unix, abstract):
            server.listen()
        for server in (tcp, udp, unix, abstract):
            server.setblocking(False)
        for family, kind, address in (
            ("AF_INET", "SOCK_STREAM", tcp.getsockname()),
            ("AF_INET", "SOCK_DGRAM", udp.getsockname()),
            ("AF_UNIX", "SOCK_STREAM", str(tmp_path / "socket")),
            ("AF_UNIX", "SOCK_STREAM", "\0gradus-sandbox-test"),
            ("AF_INET", "SOCK_STREAM", ("127.0.0.1", 5432)),
            ("AF_INET", "SOCK_STREAM", ("127.0.0.1", 6379)),
            ("AF_INET6", "SOCK_STREAM", ("::1", 5432)),
            ("AF_INET", "SOCK_DGRAM", ("1.1.1.1", 53)),
        ):
            program = hostile.CONNECT.format(family=family, kind=kind, address=address)
            assert "escaped" not in printed(program), address
        for server in (tcp, unix, abstract):
            with pytest.raises(BlockingIOError):
                server.accept()
        with pytest.raises(BlockingIOError):
            heard.append(udp.recv(16))
    assert heard == []


@pytest.mark.parametrize("family", [40, 16, 17, 38])
def test_socket_families_that_know_no_network_namespace_are_refused(family: int) -> None:
    assert printed(hostile.OPEN_SOCKET.format(family=family)) == "97\n"


def test_no_new_namespace_and_no_tracing() -> None:
    if os.uname().machine != "x86_64":
        pytest.skip("the numbers in the program are those of x86_64")
    assert printed(hostile.NEW_NAMESPACE) == "-1 1\n-1 1\n"


def test_signals_reach_nobody_outside() -> None:
    outcome = run_sandboxed(hostile.KILL_EVERYONE.replace("WORKER", str(os.getpid())))
    assert outcome.status in {"ok", "killed"}


def test_daemons_do_not_outlive_their_program() -> None:
    outcome = run_sandboxed(hostile.QUIET_DAEMONS)
    assert (outcome.status, outcome.stdout) == ("ok", "left\n")
    assert outcome.seconds < 20


def test_runs_side_by_side_see_nothing_of_each_other() -> None:
    program = (
        "import os, time\nopen('mine', 'w').write('x')\ntime.sleep(0.5)\nprint(sorted(os.listdir('/work')))"
    )
    outcomes: list[Outcome] = []
    threads = [threading.Thread(target=lambda: outcomes.append(run_sandboxed(program))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {outcome.stdout for outcome in outcomes} == {"['mine', 'program.py']\n"}


def test_text_no_database_takes_is_made_readable() -> None:
    program = r"import sys; sys.stdout.buffer.write(b'a\x00\xffb')"
    assert printed(program) == "a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}b"


def test_dead_worker_takes_its_program_along(tmp_path: Path) -> None:
    program = "from workers.sandbox.runner import *\nrun_sandboxed('import time\\ntime.sleep(77)')"
    worker = subprocess.Popen([sys.executable, "-c", program], cwd=REPOSITORY)
    before = processes()
    for _ in range(200):
        if any("program.py" in line for line in processes() - before):
            break
        time.sleep(0.05)
    else:
        pytest.fail("the program never started")
    worker.kill()
    worker.wait()
    deadline = time.monotonic() + 10
    while processes() - before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes() <= before


def test_ordinary_user_gets_the_same_sandbox(tmp_path: Path) -> None:
    """Dropped to a user without any rights; needs an interpreter that such a user may read."""
    if os.geteuid() != 0:
        pytest.skip("these tests run as an ordinary user already")
    pythons = [
        path
        for name in ("python3.12", "python3.11", "python3")
        if (path := shutil.which(name, path="/usr/bin"))
    ]
    if not pythons:
        pytest.skip("no interpreter here that every user may read")
    check = (
        "import os, sys; os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "from workers.sandbox.runner import run_sandboxed, sandbox_trouble\n"
        "print(sandbox_trouble() or run_sandboxed(sys.argv[2]).stdout)"
    )
    program = hostile.READ.format(path=str(REPOSITORY / "manage.py")) + hostile.WRITE.format(
        path="/usr/lib/x"
    )
    done = subprocess.run(
        [pythons[0], "-B", "-c", check, str(REPOSITORY), program], capture_output=True, text=True, check=False
    )
    if "namespaces are not allowed" in done.stdout:
        pytest.skip(done.stdout.strip())
    assert done.stdout.split() == ["FileNotFoundError", "OSError"], done.stderr


def test_without_namespaces_nothing_runs() -> None:
    """A process whose user namespaces are used up is in the position of one in a locked-down container."""
    program = (
        "import os, sys\n"
        "from workers.sandbox import kernel, launcher\n"
        "kernel.unshare = lambda flags: (_ for _ in ()).throw(PermissionError(1, 'Operation not permitted'))\n"
        "sys.argv = ['', '', '1', str(os.getppid())]\n"
        "launcher.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input="{}",
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        check=False,
    )
    assert done.stdout == '{"refused": "namespaces are not allowed here (Operation not permitted)"}\n'
