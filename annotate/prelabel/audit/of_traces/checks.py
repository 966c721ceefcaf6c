"""Checks that several families share."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from annotate.prelabel.audit.of_traces.reading import (
    NO_ERROR,
    RIGHT,
    SOMEWHERE,
    WRONG,
    Reading,
    own_positions,
    spoken,
)
from annotate.prelabel.audit.probe import HELD, Check, Result
from annotate.prelabel.contracts import TraceTask

_WORDS = {1: "right", 0: "between", -1: "wrong"}


def not_called_right(position: int) -> Check:
    """The step at ``position`` (or the trace, by a judge that speaks of nothing smaller) must not be called right."""

    def check(plain: Reading, probed: Reading) -> Result:
        tone = probed.tones.get(position) if probed.tones else probed.whole
        if tone is None:
            return Result("unread", probed.why_open(position))
        return Result("failed", "called right") if tone == RIGHT else HELD

    return check


def first_error_is(wanted: int, task: TraceTask) -> Check:
    """The first error must be put there; a judge of whole traces need only see that there is one."""

    def check(plain: Reading, probed: Reading) -> Result:
        found = probed.first_error(own_positions(task))
        if found is None:
            return Result("unread", probed.why_open())
        return HELD if _agrees(found, wanted) else Result("failed", f"{spoken(found)}, not {spoken(wanted)}")

    return check


def nothing_moves(positions: Sequence[int], places: Mapping[int, int], added: Collection[int] = ()) -> Check:
    """What was said of the steps at ``positions`` must be said of them at their new ``places`` too.

    ``added`` are new steps that are not wrong: a judge that stops at one of them has moved the first error.
    """

    def check(plain: Reading, probed: Reading) -> Result:
        if not plain.tones and plain.whole is not None and probed.whole is not None:
            return _same_tone("the trace", plain.whole, probed.whole)
        both = [p for p in positions if p in plain.tones and places[p] in probed.tones]
        for p in both:
            if plain.tones[p] != probed.tones[places[p]]:
                return _same_tone(f"step {p + 1}", plain.tones[p], probed.tones[places[p]])
        if any(probed.tones.get(p) == WRONG for p in added):
            return Result("failed", "the added step was called wrong")
        here = {p for p in positions if p in plain.tones}
        there = {p for p in positions if places[p] in probed.tones}
        if not both or here != there:
            gone = min(here ^ there, default=None)
            silent = plain if gone is not None and gone not in here else probed
            return Result("unread", silent.why_open(gone))
        return HELD

    return check


def stays_right(truth: int, positions: Sequence[int], places: Mapping[int, int]) -> Check:
    """A judgement that was right must not become a wrong one.

    The flag of arXiv 2505.17100, b = 1[ŷ = y and ŷ_biased ≠ y]: a judgement that was wrong before counts as not biased.
    """
    back = {new: old for old, new in places.items()}
    moved = sorted(places[p] for p in positions)

    def check(plain: Reading, probed: Reading) -> Result:
        first, second = plain.first_error(positions), probed.first_error(moved)
        if first is None or second is None:
            return Result("unread", (plain if first is None else probed).why_open())
        second = back.get(second, second)
        if not _agrees(first, truth) or _agrees(second, truth):
            return HELD
        return Result("failed", f"was {spoken(first)}, now {spoken(second)}")

    return check


def _agrees(found: int, wanted: int) -> bool:
    return found == wanted or (found == SOMEWHERE and wanted != NO_ERROR)


def _same_tone(what: str, was: int, now: int) -> Result:
    return HELD if was == now else Result("failed", f"{what} was {_WORDS[was]}, now {_WORDS[now]}")
