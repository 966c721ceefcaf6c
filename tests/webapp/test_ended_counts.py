"""Processes that count, end and are given over while others do the same and somebody sums; nothing is stood in for."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.paths import REPOSITORY
from webapp.durations import ENDING, LAYOUT, Durations, durations
from webapp.ended_counts import QUIET_SECONDS, give_over

N_PROCESSES, N_EACH, SECONDS = 40, 300, 0.1

# Four at a time; every other one is killed, the others leave by themselves.
COMING_AND_GOING = f"""
import os, signal, sys
from pathlib import Path
from webapp.durations import Durations
def count():
    ours = Durations(Path(sys.argv[1]))
    for _ in range({N_EACH}):
        ours.note("page", 200, {SECONDS})
for i in range({N_PROCESSES}):
    if i >= 4:
        os.wait()
    if os.fork() == 0:
        count()
        os.kill(os.getpid(), signal.SIGKILL) if i % 2 else os._exit(0)
for _ in range(4):
    os.wait()
"""
GIVING_OVER = """
import sys, threading
from pathlib import Path
from webapp.durations import ENDING, LAYOUT
from webapp.ended_counts import give_over
is_over = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), is_over.set()), daemon=True).start()
print("ready", flush=True)
while not is_over.is_set():
    give_over(Path(sys.argv[1]), ENDING, LAYOUT, quiet=0.0)
"""
# Killed by itself as it is about to do something for the nth time.
CUT_SHORT = """
import os, signal, sys
from pathlib import Path
from webapp.durations import ENDING, LAYOUT
from webapp.ended_counts import give_over
name, left = sys.argv[2], int(sys.argv[3])
act = getattr(Path, name)
def acted(path, *rest, **more):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return act(path, *rest, **more)
setattr(Path, name, acted)
give_over(Path(sys.argv[1]), ENDING, LAYOUT, quiet=0.0)
"""
COUNTING = """
import sys
from pathlib import Path
from webapp.durations import Durations
ours = Durations(Path(sys.argv[1]))
for line in sys.stdin:
    ours.note("page", 200, 0.1)
    print("counted", flush=True)
"""


@contextmanager
def running(script: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    with subprocess.Popen(
        command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            if process.stdin:
                process.stdin.close()
            process.wait()


def counted(folder: Path) -> tuple[int, float]:
    counts, seconds = durations(folder).get(("page", "2xx"), ([], 0.0))
    return sum(counts), seconds


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{ENDING}"))


def of_the_ended(folder: Path, n: int) -> tuple[int, float]:
    """So many files as processes leave them that have ended; what they come to."""
    for _ in range(n):
        ours = Durations(folder)
        for seconds in (0.1, 0.2, 0.3):
            ours.note("page", 200, seconds)
        del ours
    return counted(folder)


def test_sums_never_fall_and_nothing_is_lost_or_counted_twice_while_processes_come_and_go(
    tmp_path: Path,
) -> None:
    with ExitStack() as stack:
        for _ in range(2):
            tidying = stack.enter_context(running(GIVING_OVER, tmp_path))
            assert tidying.stdout
            assert tidying.stdout.readline() == "ready\n"
        coming = stack.enter_context(running(COMING_AND_GOING, tmp_path))
        before, n_sums = (0, 0.0), 0
        while coming.poll() is None:
            now = counted(tmp_path)
            assert now >= before
            assert now[1] >= before[1]
            before, n_sums = now, n_sums + 1
        assert coming.returncode == 0
        assert n_sums > 10
    n = N_PROCESSES * N_EACH
    in_one = math.fsum([SECONDS] * N_EACH)
    found = counted(tmp_path)
    assert found[0] == n
    assert found[1] == pytest.approx(N_PROCESSES * in_one, rel=1e-12)
    give_over(tmp_path, ENDING, LAYOUT, quiet=0.0)
    assert counted(tmp_path) == found
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("act", "nth"),
    [("replace", 1), ("unlink", 1), ("unlink", 3)],
    ids=["before it takes its place", "before files go", "while files go"],
)
def test_a_crash_in_the_middle_changes_no_sum(tmp_path: Path, act: str, nth: int) -> None:
    of_the_ended(tmp_path, 2)
    give_over(tmp_path, ENDING, LAYOUT, quiet=0.0)
    wanted = of_the_ended(tmp_path, 5)
    assert wanted[0] == 21
    with running(CUT_SHORT, tmp_path, act, nth) as crashing:
        assert crashing.wait() < 0
    assert files(tmp_path)
    assert counted(tmp_path) == wanted
    # What comes after it cleans up, with more to give over, and again with nothing.
    more = of_the_ended(tmp_path, 1)
    for _ in range(2):
        give_over(tmp_path, ENDING, LAYOUT, quiet=0.0)
        assert files(tmp_path) == []
        assert counted(tmp_path) == more == (24, pytest.approx(8 * 0.6))


def test_who_lives_keeps_its_file_and_what_it_counts(tmp_path: Path) -> None:
    with running(COUNTING, tmp_path) as living:
        assert living.stdin
        assert living.stdout
        for n in (1, 2, 3):
            living.stdin.write("one\n")
            living.stdin.flush()
            assert living.stdout.readline() == "counted\n"
            give_over(tmp_path, ENDING, LAYOUT, quiet=0.0)
            assert len(files(tmp_path)) == 1
            assert counted(tmp_path)[0] == n
    give_over(tmp_path, ENDING, LAYOUT, quiet=0.0)
    assert files(tmp_path) == []
    assert counted(tmp_path)[0] == 3


def test_a_process_that_begins_gives_over_what_has_been_quiet_for_long(tmp_path: Path) -> None:
    """One that still counts, of a version that holds no lock, is left alone."""
    wanted = of_the_ended(tmp_path, 3)
    long_ago = files(tmp_path)[:2]
    for path in long_ago:
        os.utime(path, (path.stat().st_mtime - QUIET_SECONDS - 1,) * 2)
    beginning = Durations(tmp_path)
    beginning.note("api", 200, 0.1)
    assert len(files(tmp_path)) == 2
    assert counted(tmp_path) == wanted


def test_what_another_version_has_written_stays(tmp_path: Path) -> None:
    of_the_ended(tmp_path, 1)
    (broken := tmp_path / f"broken{ENDING}").write_bytes(b"broken off")
    (ended := tmp_path / f"ended{ENDING}.json").write_text('{"names": [], "rows": [[[1, 2], "1/2"]]}')
    was = ended.read_bytes()
    give_over(tmp_path, ENDING, LAYOUT, quiet=0.0)
    assert ended.read_bytes() == was
    assert len(files(tmp_path)) == 2
    assert counted(tmp_path)[0] == 3
    ended.unlink()
    give_over(tmp_path, ENDING, LAYOUT, quiet=0.0)
    assert files(tmp_path) == [broken]
    assert counted(tmp_path)[0] == 3
