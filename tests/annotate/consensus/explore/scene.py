"""A project whose truth is known: rollouts, two judges, a verifier and people who err at set rates, and some gold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from annotate.enums import FinishReason, Outcome, RaterKind, Role, RunKind, RunState, UnitState
from annotate.models import Completion, Label, Project, Rater, Run, Step, Trace, Unit
from tests.factories import a_criterion, a_project, a_rater, a_trace, freeze_rubric

# How often each is right about where the first error is.
PEOPLE = {"lena": 0.92, "omar": 0.8}
JUDGES = {"judge/careful@v1": 0.7, "judge/hasty@v1": 0.5}
SECONDS, PROMPT, WRITTEN, TRIES = 6.0, 900, 120, 3


def a_decided_project(
    *, n_traces: int = 60, n_steps: int = 6, slug: str = "decided", seed: int = 1
) -> Project:
    """Every source reads every trace, people only every third; a third of the traces have keys."""
    project = a_project(slug=slug, vera=Role.VIEWER, bob=Role.ANNOTATOR, carol=Role.REVIEWER)
    rng = np.random.default_rng(seed)
    people = {name: a_rater(project, name=name) for name in PEOPLE}
    judges = {name: a_rater(project, RaterKind.JUDGE, name) for name in JUDGES}
    rollouts = a_rater(project, RaterKind.ROLLOUT, "rollout/fixed@v1")
    verifier = a_rater(project, RaterKind.VERIFIER, "verifier/arithmetic@v1")
    gold = a_rater(project, RaterKind.GOLD, "gold/key")
    for name, rater in judges.items():
        a_paid_run(project, rater, strategy=name.partition("@")[0])
    for number in range(n_traces):
        error = None if rng.random() < 0.4 else int(rng.integers(n_steps))
        trace = a_trace(project, n_steps=n_steps, outcome=Outcome.RIGHT if error is None else Outcome.WRONG)
        Trace.objects.filter(pk=trace.pk).update(source_model=("tiny-1b", "small-7b")[number % 2])
        steps = list(trace.steps.order_by("position"))
        for name, rater in judges.items():
            say(rater, steps, reading(error, JUDGES[name], n_steps, rng), text="Step by step, it follows.")
        if number % 3 == 1:
            for name, rater in people.items():
                say(rater, steps, reading(error, PEOPLE[name], n_steps, rng), seconds=SECONDS)
        say(verifier, steps[:2], ["good" if error is None or error > 1 else "bad"] * 2)
        say_counts(rollouts, steps, error, rng)
        if number % 3 == 0:
            say(gold, steps, levels_of(error, n_steps))
    return project


def levels_of(error: int | None, n_steps: int) -> list[str]:
    """Good up to the first error, and bad from there on."""
    return ["good" if error is None or position < error else "bad" for position in range(n_steps)]


def reading(error: int | None, right: float, n_steps: int, rng: np.random.Generator) -> list[str]:
    """What somebody says who is right this often: up to the error they see, and nothing behind it."""
    seen = error
    if rng.random() > right:
        seen = None if error is not None and rng.random() < 0.3 else int(rng.integers(n_steps))
    said = levels_of(seen, n_steps)
    return said if seen is None else said[: seen + 1]


def say(rater: Rater, steps: Sequence[Step], values: Sequence[str], **fields: object) -> None:
    criterion = a_criterion(rater.project)
    freeze_rubric(criterion.rubric)
    Label.objects.bulk_create(
        Label(rater=rater, criterion=criterion, step=step, value=value, **fields)
        for step, value in zip(steps, values, strict=False)
    )


def say_counts(rater: Rater, steps: Sequence[Step], error: int | None, rng: np.random.Generator) -> None:
    criterion = a_criterion(rater.project, "recoverable")
    rows = []
    for step in steps:
        chance = 0.6 if error is None or step.position < error else 0.2
        hits = int(rng.binomial(TRIES, chance))
        rows.append(
            Label(
                rater=rater,
                criterion=criterion,
                step=step,
                value="good" if hits else "bad",
                score=hits / TRIES,
                evidence={"hits": hits, "misses": TRIES - hits, "tried": TRIES, "unknown": 0},
            )
        )
    Label.objects.bulk_create(rows)


def a_paid_run(project: Project, rater: Rater, *, strategy: str) -> Run:
    """A run that is not over, with one completion of its own."""
    run = Run.objects.create(
        project=project,
        kind=RunKind.PRELABEL,
        name=strategy,
        criterion=a_criterion(project),
        rater=rater,
        state=RunState.RUNNING,
    )
    trace = Trace.objects.filter(project=project).first() or a_trace(project, n_steps=1)
    unit = Unit.objects.create(run=run, trace=trace, state=UnitState.DONE)
    Completion.objects.create(
        run=run,
        unit=unit,
        digest="0" * 64,
        sample=0,
        finish_reason=FinishReason.STOP,
        prompt_tokens=PROMPT,
        completion_tokens=WRITTEN,
    )
    return run
