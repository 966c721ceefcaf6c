from __future__ import annotations

import pytest

from annotate.enums import RunState
from annotate.prelabel.queries import RunProgress
from webapp.management.run_line import counts_line


def progress(**facts: object) -> RunProgress:
    plain = {
        **dict.fromkeys(("total", "pending", "running", "done", "failed", "cancelled"), 0),
        **dict.fromkeys(("completions", "prompt_tokens", "completion_tokens"), 0),
        **{
            "state": RunState.RUNNING,
            "per_second": None,
            "eta_seconds": None,
            "errors": (),
            "note": "",
        },
    }
    return RunProgress(**{**plain, **facts})  # type: ignore[arg-type]


def test_what_is_unknown_is_left_out() -> None:
    assert counts_line(progress()) == ""
    assert counts_line(progress(note="No worker is alive.")).strip() == "No worker is alive."


def test_counts_pace_and_time_left_stand_in_one_line() -> None:
    line = counts_line(
        progress(
            completions=1200, prompt_tokens=3000, completion_tokens=400, per_second=12.4, eta_seconds=30.0
        )
    )
    assert line == "1,200 completions, 3,400 tokens, 12/s, about 30 s left"


@pytest.mark.parametrize(("seconds", "spoken"), [(5.0, "5 s"), (600.0, "10 min"), (7200.0, "2.0 h")])
def test_time_left_is_spoken_in_fitting_units(seconds: float, spoken: str) -> None:
    assert f"about {spoken} left" in counts_line(progress(eta_seconds=seconds))


def test_a_finished_run_has_no_pace() -> None:
    assert "/s" not in counts_line(progress(state=RunState.DONE, completions=3, per_second=5.0))
