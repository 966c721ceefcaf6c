"""Binary search for the first step that no rollout recovers from, as in OmegaPRM (arXiv 2406.06592).

Roll out from the middle: a success puts the error later, none puts it here or earlier. That takes about log2(M) places
instead of M, and rests on one assumption: once a prefix is lost, every longer one is lost too. Models that repair their
own errors break it, and then the search may settle on another step than a scan would.

A trace with the right answer is not searched. It is itself one success from each of its prefixes, so every step of it
is recoverable; that says nothing about whether the steps are correct. Where it departs from the paper: rollouts come in
waves and stop with the first success, which gives the same verdict for less; a place whose rollouts have no outcome is
passed over for its neighbour, and when that leaves more than one possible place the error is not placed. A step before
a good prefix that was never rolled out is good by implication and carries no counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from annotate.prelabel.continuations.rollouts import (
    UNCLEAR,
    Grade,
    Rollouts,
    RolloutSettings,
    grade_completion,
    unusable,
)
from annotate.prelabel.contracts import Finding, Opinion, Silence, Strategy, TraceTask
from annotate.prelabel.entries import StrategyEntry
from annotate.settings import require

BRACKETED = "the first error is here or nearby, but rollouts without an outcome leave it unplaced"
NOT_ASKED = "not rolled out: a later step is still recoverable"


@dataclass(frozen=True, slots=True)
class BisectSettings(RolloutSettings):
    """``confirm`` raises ``k`` to ``k_confirm`` at a step that would be called the first error.

    ``label_implied``: steps that the search skipped because a later one is recoverable are labelled good.
    """

    confirm: bool = False
    k_confirm: int = 16
    label_implied: bool = True

    def __post_init__(self) -> None:
        RolloutSettings.__post_init__(self)
        require(self.k <= self.k_confirm <= 1024, "k_confirm", "must lie between k and 1024.")


def bisect(task: TraceTask, settings: BisectSettings, grade: Grade = grade_completion) -> Strategy:
    """Locate the first error of one trace with a wrong answer by halving."""
    finding = unusable(task, grade)
    return finding if finding is not None else (yield from _Bisect(task, settings, grade).run())


class _Bisect:
    """Places are ordinals among the model's own steps; the last of them is graded, the others can be rolled out."""

    def __init__(self, task: TraceTask, settings: BisectSettings, grade: Grade) -> None:
        self._rollouts = Rollouts(task, settings, grade)
        self._settings = settings
        self._last = len(self._rollouts.own) - 1

    def run(self) -> Strategy:
        yield from self._rollouts.draw_self_confidence()
        answer = self._rollouts.grade_last()
        if answer == "right":
            return self._right()
        while True:
            good, lost = self._bracket()
            place = self._next_place(good, lost)
            if place is not None:
                yield from self._rollouts.draw_until_success(self._rollouts.own[place], self._settings.k)
            elif self._should_confirm(good, lost):
                yield from self._rollouts.draw_until_success(
                    self._rollouts.own[lost], self._settings.k_confirm
                )
            else:
                return self._finding(good, lost, answer)

    def _verdict(self, place: int) -> bool | None:
        return self._rollouts.verdict(self._rollouts.own[place], self._settings.k)

    def _is_probed(self, place: int) -> bool:
        return self._rollouts.own[place] in self._rollouts.tallies

    def _bracket(self) -> tuple[int, int]:
        """The last place known to be good (-1 before all) and the first known to be lost after it."""
        probed = [place for place in range(self._last) if self._is_probed(place)]
        good = max((place for place in probed if self._verdict(place)), default=-1)
        lost = (place for place in probed if place > good and self._verdict(place) is False)
        return good, min(lost, default=self._last)

    def _next_place(self, good: int, lost: int) -> int | None:
        """The unprobed place nearest to the middle; ties go to the earlier one."""
        open_places = [place for place in range(good + 1, lost) if not self._is_probed(place)]
        middle = (good + lost) // 2
        return min(open_places, key=lambda place: (abs(place - middle), place), default=None)

    def _should_confirm(self, good: int, lost: int) -> bool:
        if not self._settings.confirm or lost == self._last or lost - good > 1:
            return False
        return self._rollouts.tally(self._rollouts.own[lost]).tried < self._settings.k_confirm

    def _right(self) -> Finding:
        *before, last = self._rollouts.own
        via = [self._rollouts.opinion(index, True, hits=1, via="the trace itself") for index in before]
        graded = self._rollouts.opinion(last, True, score=1.0, final_answer="right")
        return self._rollouts.finding([*via, graded], (), "no error")

    def _finding(self, good: int, lost: int, answer: str) -> Finding:
        said = [self._before(place, good) for place in range(good + 1)]
        if lost - good > 1:
            is_wrong = answer == "wrong" or lost < self._last
            outcome = "unplaced" if is_wrong else "unknown"
            reason = BRACKETED if is_wrong else UNCLEAR
            said += [self._silent(place, reason) for place in range(good + 1, lost + 1)]
        elif lost < self._last:
            outcome = "located"
            said.append(self._rollouts.opinion(self._rollouts.own[lost], False))
        elif answer == "wrong" and self._settings.is_wrong_answer_bad:
            outcome, last = "located", self._rollouts.own[-1]
            said.append(self._rollouts.opinion(last, False, score=0.0, final_answer=answer))
        else:
            outcome = "unplaced" if answer == "wrong" else "unknown"
            said.append(self._silent(self._last, f"the final answer is {answer}"))
        opinions = [one for one in said if isinstance(one, Opinion)]
        return self._rollouts.finding(opinions, [one for one in said if isinstance(one, Silence)], outcome)

    def _before(self, place: int, good: int) -> Opinion | Silence:
        """What is said of a place up to the last good one."""
        if self._is_probed(place):
            is_good = self._verdict(place)
            index = self._rollouts.own[place]
            return self._rollouts.opinion(index, True) if is_good else self._silent(place, UNCLEAR)
        if not self._settings.label_implied:
            return self._silent(place, NOT_ASKED)
        by = next(later for later in range(place + 1, good + 1) if self._is_good(later))
        return self._rollouts.opinion(self._rollouts.own[place], True, implied_by=self._position(by))

    def _is_good(self, place: int) -> bool:
        return self._is_probed(place) and self._verdict(place) is True

    def _silent(self, place: int, reason: str) -> Silence:
        return self._rollouts.silence(self._rollouts.own[place], reason)

    def _position(self, place: int) -> int:
        return self._rollouts.task.steps[self._rollouts.own[place]].position


STRATEGY = StrategyEntry(
    "rollout/bisect",
    "rollout",
    "Rollouts, by halving",
    BisectSettings,
    bisect,
    summary="Searches for the first error by halving the solution. Few rollouts for long traces with a wrong answer.",
    usual_criterion="recoverable",
)
