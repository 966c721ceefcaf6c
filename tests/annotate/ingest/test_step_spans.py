from __future__ import annotations

import pytest

from annotate.errors import Rejected
from annotate.ingest.splitting import split_steps
from annotate.ingest.step_spans import StepSpans

TEXT = "One.\n\nTwo.\n\nThree."
SPANS = StepSpans(split_steps(TEXT), TEXT)


@pytest.mark.parametrize(
    ("begin", "end", "steps"),
    [(0, 1, [0]), (0, 4, [0]), (3, 7, [0, 1]), (6, 10, [1]), (5, 13, [1, 2]), (0, len(TEXT), [0, 1, 2])],
)
def test_steps_that_a_span_touches(begin: int, end: int, steps: list[int]) -> None:
    assert SPANS.touched(begin, end, "s") == steps


@pytest.mark.parametrize(("begin", "end"), [(-1, 2), (2, 2), (0, len(TEXT) + 1), (4, 6)])
def test_spans_of_nothing_are_refused(begin: int, end: int) -> None:
    with pytest.raises(Rejected):
        SPANS.touched(begin, end, "s")


def test_spans_mean_nothing_where_steps_are_not_cut_from_the_text() -> None:
    with pytest.raises(Rejected, match="not cut from one text"):
        StepSpans(split_steps(TEXT), "another text").touched(0, 1, "s")
