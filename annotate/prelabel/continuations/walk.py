"""Verdicts on the steps of one trace taken front to back, until the first that is bad."""

from __future__ import annotations

from typing import Any

from annotate.prelabel.continuations.rollouts import UNCLEAR, Rollouts
from annotate.prelabel.contracts import Finding, Opinion, Silence

AFTER_GAP = "no rollout succeeded, but after an unknown step the first error has no certain place"


class Walk:
    """Collects what may be said of each step; ``error`` is the index of the located one.

    A step of unknown outcome leaves a gap: a later bad step could be that one's doing, so it is not called the first
    error. A good step closes the gap, because what can still be recovered was recoverable before.
    """

    def __init__(self, rollouts: Rollouts) -> None:
        self._rollouts = rollouts
        self.opinions: list[Opinion] = []
        self.silences: list[Silence] = []
        self._has_gap = False
        self._outcome = "unknown"
        self.error: int | None = None

    def take(self, index: int, is_good: bool | None, *, score: float | None = None, **evidence: Any) -> bool:
        """Take note of one step, None meaning unknown; False when the walk ends here."""
        if is_good:
            self._has_gap = False
            self.opinions.append(self._rollouts.opinion(index, True, score=score, **evidence))
            return True
        if is_good is None:
            self._has_gap = True
            self.silences.append(self._rollouts.silence(index, UNCLEAR))
            return True
        if self._has_gap:
            self._outcome = "unplaced"
            self.silences.append(self._rollouts.silence(index, AFTER_GAP))
        else:
            self._outcome, self.error = "located", index
            self.opinions.append(self._rollouts.opinion(index, False, score=score, **evidence))
        return False

    def take_last(self, **evidence: Any) -> None:
        """The last own step states an answer, so that answer is graded instead of being rolled out."""
        index, answer = self._rollouts.own[-1], self._rollouts.grade_last()
        if answer == "right":
            self.take(index, True, score=1.0, final_answer=answer, **evidence)
            self._outcome = "no error"
        elif answer == "wrong" and self._rollouts.settings.is_wrong_answer_bad and not self._has_gap:
            self.take(index, False, score=0.0, final_answer=answer, **evidence)
        else:
            self._outcome = "unplaced" if answer == "wrong" else "unknown"
            self.silences.append(self._rollouts.silence(index, f"the final answer is {answer}"))

    def finding(self, *more: Opinion, **summary: Any) -> Finding:
        """What was taken note of, and ``more`` opinions on later steps; the rest lies after the error."""
        return self._rollouts.finding((*self.opinions, *more), self.silences, self._outcome, **summary)
