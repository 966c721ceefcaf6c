"""Counts of how long requests took, in a file that may have no place."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from webapp.durations import Durations, durations


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
