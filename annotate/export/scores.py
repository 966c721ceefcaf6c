"""One number for a trace out of the probabilities of its steps (pure).

Each rule needs every step's probability; where one is not known there is no score. PURE weighs the steps by
``softmax(-r / T)``, so that their sum comes close to the lowest (arXiv:2504.15275, T = 0.1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from annotate.enums import Action, Verdict
from annotate.export.contracts import StepRow

TEMPERATURE = 0.1


def p_good(step: StepRow) -> float | None:
    """The probability that the step is right; None where consensus gave none.

    A policy stores the probability of the level it kept. Of *bad* it is turned round; of *neutral* it says nothing
    about *good*; and of a step that was not kept nobody says of which level it is. A policy with a model of every step
    says how probably each is correct.
    """
    if step.p_correct is not None:
        return step.p_correct
    if step.probability is None or step.action != Action.KEEP:
        return None
    if step.value == Verdict.GOOD:
        return step.probability
    return 1 - step.probability if step.value == Verdict.BAD else None


def trace_scores(probabilities: Sequence[float | None]) -> dict[str, float | None]:
    """``min``, ``product``, ``last``, ``mean`` and ``pure`` of a trace's steps in order."""
    known = [p for p in probabilities if p is not None]
    if not known or len(known) < len(probabilities):
        return dict.fromkeys(("min", "product", "last", "mean", "pure"))
    return {
        "min": min(known),
        "product": math.prod(known),
        "last": known[-1],
        "mean": math.fsum(known) / len(known),
        "pure": soft_min(known),
    }


def soft_min(rewards: Sequence[float], temperature: float = TEMPERATURE) -> float:
    """``sum(w * r)`` with ``w = softmax(-r / temperature)``; raises ``ValueError`` for no rewards."""
    if not rewards:
        raise ValueError("there is no reward")
    lowest = min(rewards)
    weights = [math.exp((lowest - reward) / temperature) for reward in rewards]
    return math.fsum(w * r for w, r in zip(weights, rewards, strict=True)) / math.fsum(weights)
