from __future__ import annotations

from annotate.ingest.failures import LONGEST, MOST, failure, failures_of


def test_what_is_cut_off_or_left_out_is_said() -> None:
    assert failure("x" * LONGEST, "status") == "x" * LONGEST
    assert failure("x" * (LONGEST + 1), "status") == "x" * LONGEST + "…"
    assert failures_of([]) == {}
    assert failures_of(["a"] * MOST) == {"errors": ["a"] * MOST}
    assert failures_of(["a"] * (MOST + 3)) == {"errors": ["a"] * MOST, "errors_left_out": 3}
