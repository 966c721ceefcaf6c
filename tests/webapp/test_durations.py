"""Counts of how long requests took, in a file that may have no place."""

from __future__ import annotations

import logging
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.paths import REPOSITORY
from webapp.durations import Durations, durations

COUNTING = """
import os, sys
from pathlib import Path
from webapp.durations import Durations
ours = Durations(Path(sys.argv[1]))
ours.note("page", 200, 0.01)
print(os.getpid(), flush=True)
sys.stdin.readline()
for _ in range(20_000):
    ours.note("page", 200, 0.01)
"""


def test_counts_are_summed_over_processes(tmp_path: Path) -> None:
    ours = Durations(tmp_path)
    ours.note("page", 200, 0.03)
    ours.note("page", 204, 20.0)
    [mine] = tmp_path.glob("*.counts")
    (tmp_path / "another.counts").write_bytes(mine.read_bytes())
    counts, seconds = durations(tmp_path)["page", "2xx"]
    assert (sum(counts), counts[-1]) == (4, 2)
    assert seconds == pytest.approx(40.06)


def test_what_cannot_be_counted_does_no_harm_and_counting_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = tmp_path / "metrics"
    place.write_text("in the way")
    ours = Durations(place)
    with caplog.at_level(logging.WARNING, logger="webapp.durations"):
        ours.note("api", 200, 0.1)
        ours.note("api", 200, 0.1)
    assert [record.getMessage() for record in caplog.records] == ["requests are not counted"]
    place.unlink()
    ours.note("api", 200, 0.1)
    assert sum(durations(place)["api", "2xx"][0]) == 1


def test_processes_of_one_number_in_two_containers_count_apart(tmp_path: Path) -> None:
    """Each is the first of a space of process ids of its own, as in a container; the folder is one."""
    apart = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if not is_possible(apart):
        pytest.skip("no space of process ids may be made here")
    command = [*apart, sys.executable, "-c", COUNTING, str(tmp_path)]
    with ExitStack() as stack:
        both = [
            stack.enter_context(
                subprocess.Popen(
                    command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
                )
            )
            for _ in range(2)
        ]
        # Both have opened their files before either goes on.
        assert [one.stdout.readline() for one in both if one.stdout] == ["1\n", "1\n"]
        for one in both:
            assert one.stdin
            one.stdin.write("go\n")
            one.stdin.flush()
    assert len(list(tmp_path.glob("*.counts"))) == 2
    assert sum(durations(tmp_path)["page", "2xx"][0]) == 2 * 20_001


def is_possible(prefix: list[str]) -> bool:
    try:
        return subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False
