"""The named signals behind what is believed of one step, heaviest first, and what would be believed without each."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from annotate.consensus.belief import Belief, belief_of
from annotate.models import Consensus


@dataclass(frozen=True, slots=True)
class Line:
    """A signal: where it puts the first error by itself (-1: there is none), and what hangs on it.

    ``log_odds`` is what it adds to the most probable place against the next, ``share`` its part of all that is added
    or taken. ``without`` is P(correct) of the step had it been silent.
    """

    name: str
    kind: str
    rater: int | None
    own: int
    log_odds: float
    share: float
    without: float


@dataclass(frozen=True, slots=True)
class StepLedger:
    """``correct`` is what the signals come to for the step, ``best`` and ``rival`` the two most probable places.

    What reviewers have decided is left aside here. ``assumed`` says what the fit takes for granted.
    """

    lines: tuple[Line, ...]
    correct: float
    best: int
    rival: int
    assumed: tuple[str, ...]
    is_learned: bool

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def ledger_of(decision: Consensus) -> StepLedger | None:
    """By the fit that the run has kept and the labels of now; None where it kept none or the step was cut anew."""
    step = decision.step
    if step.retired_in is not None:
        return None
    belief = belief_of(decision.run, step.trace)
    if belief is None or not belief.has_signal:
        return None
    return _read(belief, step.position)


def _read(belief: Belief, position: int) -> StepLedger:
    found = belief.ledger()
    # Signals come by share, and both sorts leave equal ones in their order.
    without = found.without()[np.argsort(-found.share, kind="stable"), position]
    lines = tuple(
        Line(one.name, one.kind, one.rater, one.own, one.log_odds, one.share, alone)
        for one, alone in zip(belief.signals(), without.tolist(), strict=True)
    )
    return StepLedger(
        lines,
        float(found.correct[position]),
        found.best,
        found.rival,
        tuple(belief.fit.assumed),
        belief.is_learned,
    )
