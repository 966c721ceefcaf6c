"""A project with machines that have recorded what they cost, people, and a fit."""

from __future__ import annotations

from typing import Any

from annotate.assign.actions import fill_queue
from annotate.consensus.actions import run_consensus
from annotate.enums import FinishReason, Outcome, Role, RunKind, RunState, UnitState
from annotate.models import Completion, Project, Rater, Run, Trace, Unit
from annotate.prelabel.runs.raters import machine_rater
from annotate.prelabel.strategies import STRATEGIES
from tests.factories import a_criterion, a_label, a_project, a_trace

STEPS = 5


def a_machine(
    project: Project,
    strategy: str,
    *,
    backend: str = "openai:http://gpu1/v1?model=tiny",
    tokens: int = 100,
    cost: float | None = None,
    criterion: str = "verdict",
    **settings: Any,
) -> Rater:
    """A machine as a run of it would leave it, with two recorded answers of so many tokens each."""
    entry = STRATEGIES[strategy]
    held = {
        field: getattr(entry.settings(settings), field) for field in entry.settings_class.__dataclass_fields__
    }
    rater = machine_rater(project, entry, backend=backend, settings=held)
    run = Run.objects.create(
        project=project,
        kind=RunKind.PRELABEL,
        name=strategy,
        criterion=a_criterion(project, criterion),
        rater=rater,
        backend=backend,
        settings=held,
        state=RunState.DONE,
    )
    unit = Unit.objects.create(run=run, trace=project.traces.first(), state=UnitState.DONE)
    for sample in range(2):
        Completion.objects.create(
            run=run,
            unit=unit,
            digest="d",
            sample=sample,
            finish_reason=FinishReason.STOP,
            prompt_tokens=tokens // 2,
            completion_tokens=tokens - tokens // 2,
            cost=cost,
        )
    return rater


def says(rater: Rater, trace: Trace, error: int | None) -> None:
    """Labels up to the first error, all of the steps where there is none."""
    for step in trace.steps.all()[: STEPS if error is None else error + 1]:
        a_label(rater, step, "bad" if step.position == error else "good")


def rolls(rater: Rater, trace: Trace, *hits: int) -> None:
    """Counts of eight from each prefix in turn."""
    for step, n in zip(trace.steps.all(), hits, strict=False):
        value = "good" if n else "bad"
        a_label(rater, step, value, criterion_key="recoverable", evidence={"hits": n, "misses": 8 - n})


def a_market(n_traces: int = 6) -> Project:
    """Wrong answers; of two only the judge has spoken, of the third only rollouts; on the others they agree."""
    project = a_project(slug="market", overlap=1, bob=Role.ANNOTATOR, carol=Role.REVIEWER)
    for _ in range(n_traces):
        a_trace(project, n_steps=STEPS, outcome=Outcome.WRONG)
    judge = a_machine(project, "judge/critique", tokens=2000, votes=1, temperature=0.0)
    rollouts = a_machine(project, "rollout/fixed", tokens=40, criterion="recoverable", temperature=0.8)
    for number, trace in enumerate(project.traces.order_by("pk")):
        if number != 2:
            says(judge, trace, 1 if number < 2 else 2)
        if number >= 2:
            rolls(rollouts, trace, *((8, 3, 2, 0) if number == 2 else (8, 8, 0, 0)))
    fill_queue(project)
    run_consensus(project, policy="posterior", settings={"audit_share": 0})
    return project
