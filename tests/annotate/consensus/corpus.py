"""Traces in the database that a judge and rollouts have spoken of, with the true place of their first error."""

from __future__ import annotations

import random

from annotate.enums import Outcome, RaterKind
from annotate.models import Project, Rater, Trace
from tests.factories import a_label, a_rater, a_trace

STEPS = 4


def a_corpus(project: Project) -> list[tuple[Trace, int]]:
    """Forty traces with the true place of their first error: rollouts, a judge that is right three times of four."""
    rng = random.Random(3)
    judge = a_rater(project, RaterKind.JUDGE, "judge/tiny@v1")
    rollout = a_rater(project, RaterKind.ROLLOUT, "rollout/fixed@v1")
    found = []
    for _ in range(40):
        error = rng.choice([-1, 0, 1, 2, 3])
        trace = a_trace(project, n_steps=STEPS, outcome=Outcome.RIGHT if error < 0 else Outcome.WRONG)
        said = error if rng.random() < 0.75 else rng.choice([-1, 0, 1, 2, 3])
        read(judge, trace, said)
        for place, step in enumerate(list(trace.steps.all())[:-1]):
            is_lost = 0 <= error <= place
            hits = rng.choice([0, 0, 1]) if is_lost else rng.choice([6, 7, 8])
            a_label(
                rollout,
                step,
                "good" if hits else "bad",
                criterion_key="recoverable",
                evidence={"hits": hits, "misses": 8 - hits, "self_confidence": 0.75, "self_confidence_n": 8},
            )
        found.append((trace, error))
    return found


def read(rater: Rater, trace: Trace, error: int) -> None:
    """Levels up to the first error."""
    for place, step in enumerate(trace.steps.all()):
        if error < 0 or place <= error:
            a_label(rater, step, "bad" if place == error else "good")
