"""Which steps a stretch of a trace's text touches: tools for spans count characters, and know no steps."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from annotate.errors import Rejected
from annotate.ingest.drafts import StepDraft


class StepSpans:
    """``text`` is what the spans were drawn on; they mean nothing where the steps are not cut from it."""

    def __init__(self, steps: Sequence[StepDraft], text: str) -> None:
        self._ends = list(accumulate(len(step.text) for step in steps))
        self._bodies = [end - step.tail for end, step in zip(self._ends, steps, strict=True)]
        self._is_cut_from = "".join(step.text for step in steps) == text

    def touched(self, begin: int, end: int, path: str) -> list[int]:
        """Positions of the steps in which the characters from ``begin`` to before ``end`` lie."""
        if not self._is_cut_from:
            raise Rejected("counts characters, and the steps are not cut from one text", field=path)
        if not 0 <= begin < end <= self._ends[-1]:
            raise Rejected(f"lies outside the text of {self._ends[-1]:,} characters", field=path)
        starts = [0, *self._ends]
        found = [n for n, body in enumerate(self._bodies) if starts[n] < end and begin < body]
        if not found:
            raise Rejected("lies between two steps", field=path)
        return found
