"""A project with raters of known severity, for the tests of the ruler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from annotate.enums import AssignmentState, RaterKind
from annotate.models import Assignment, Label, Project, Rater, Step
from tests.factories import a_criterion, a_project, a_rater, a_trace, freeze_rubric

LEVELS = ("bad", "neutral", "good")


def a_read_project(
    severities: Sequence[float] = (-1.0, 0.0, 1.0),
    *,
    n_traces: int = 8,
    n_steps: int = 10,
    machines: Mapping[str, float] | None = None,
    seed: int = 1,
    slug: str = "",
) -> tuple[Project, list[Rater]]:
    """Everybody reads every step; answers are drawn by the model, a severe rater giving lower ones."""
    project = a_project(slug=slug)
    raters = [a_rater(project, name=f"person {i}") for i in range(len(severities))]
    for name in machines or {}:
        raters.append(a_rater(project, RaterKind.JUDGE, name))
    truth = [*severities, *(machines or {}).values()]
    rng = np.random.default_rng(seed)
    for number in range(n_traces):
        trace = a_trace(project, n_steps=n_steps)
        type(trace).objects.filter(pk=trace.pk).update(source_model=f"model-{number % 2}")
        steps = list(trace.steps.all())
        quality = rng.normal(0, 1.5, n_steps)
        for rater, severity in zip(raters, truth, strict=True):
            say(rater, steps, answers(quality - severity, rng))
    return project, raters


def answers(eta: np.ndarray, rng: np.random.Generator) -> list[str]:
    """Levels drawn from a rating scale with thresholds at -0.7 and 0.7."""
    weights = np.stack([np.zeros_like(eta), eta + 0.7, 2 * eta], axis=1)
    chance = np.exp(weights - weights.max(axis=1, keepdims=True))
    chance /= chance.sum(axis=1, keepdims=True)
    drawn = (rng.random(len(eta))[:, None] > chance.cumsum(axis=1)).sum(axis=1)
    return [LEVELS[level] for level in drawn.tolist()]


def say(
    rater: Rater,
    steps: Sequence[Step],
    values: Sequence[str],
    *,
    assignment: Assignment | None = None,
    key: str = "verdict",
) -> None:
    criterion = a_criterion(rater.project, key)
    freeze_rubric(criterion.rubric)
    Label.objects.bulk_create(
        Label(rater=rater, criterion=criterion, step=step, value=value, assignment=assignment)
        for step, value in zip(steps, values, strict=True)
    )


def submit(rater: Rater, values: Sequence[str], *, trace: object = None, n_steps: int = 10) -> Assignment:
    """A session: one trace read by one person and submitted just now."""
    from django.utils import timezone

    from annotate.models import Trace

    read = trace if isinstance(trace, Trace) else a_trace(rater.project, n_steps=n_steps)
    assignment = Assignment.objects.create(
        project=rater.project,
        trace=read,
        slot=Assignment.objects.filter(trace=read).count(),
        state=AssignmentState.SUBMITTED,
        holder=rater,
        finished_at=timezone.now(),
    )
    say(rater, list(read.steps.all()), values, assignment=assignment)
    return assignment
