from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.utils import timezone

from annotate.consensus.contracts import Decide, Decision
from annotate.consensus.evidence import trace_evidence, voters_of
from annotate.consensus.funnel import Funnel, as_json
from annotate.consensus.registry import get_policy
from annotate.enums import RunKind, RunState, Scope
from annotate.errors import Conflict, Rejected
from annotate.models import Consensus, Criterion, Person, Project, Rubric, Run, Trace
from annotate.prelabel.settings import build_settings

PROGRESS_EVERY = 100
WRITE_BATCH = 2000

Progress = Callable[[int, int], None]
Decided = tuple[int, Decision]


def run_consensus(
    project: Project,
    *,
    policy: str,
    settings: Mapping[str, Any] | None = None,
    criterion_key: str = "verdict",
    created_by: Person | None = None,
    on_progress: Progress | None = None,
) -> Run:
    """Decide every step of the project by one policy and keep the decisions as a new run; earlier runs stay.

    First everything is read and decided, then written in one transaction: SQLite has one writer, and people go on
    labelling meanwhile. A policy that fails leaves no run. ``on_progress`` hears (traces done, traces in all).
    Callers are the operator and managers. Raises ``Rejected`` for settings that do not fit and ``Conflict`` when
    there is nothing to decide.
    """
    rule = get_policy(policy)
    chosen: Any = build_settings(rule.settings, settings or {})
    rubric = _rubric_of(project)
    criterion = _step_criterion(rubric, criterion_key, field="criterion")
    also = [_step_criterion(rubric, key, field="settings") for key in rule.also_reads(chosen)]
    decide = rule.bind(chosen, criterion.key, voters_of(project, (criterion, *also)))
    started_at = timezone.now()
    funnel = Funnel(rule.reasons)
    decided = _decide_all(decide, project, (criterion, *also), funnel, on_progress)
    run = Run(
        project=project,
        kind=RunKind.CONSENSUS,
        name=rule.name,
        criterion=criterion,
        settings=asdict(chosen),
        state=RunState.DONE,
        summary={"version": rule.version, "funnel": as_json(funnel.rows())},
        created_by=created_by,
        started_at=started_at,
    )
    _write(run, decided)
    return run


def _decide_all(
    decide: Decide,
    project: Project,
    criteria: Sequence[Criterion],
    funnel: Funnel,
    on_progress: Progress | None,
) -> list[Decided]:
    total = Trace.objects.filter(project=project).count()
    decided: list[Decided] = []
    for done, evidence in enumerate(trace_evidence(project, *criteria), start=1):
        decisions = decide(evidence)
        funnel.add(decisions)
        decided.extend(zip((step.step for step in evidence.steps), decisions, strict=True))
        if on_progress and (done % PROGRESS_EVERY == 0 or done == total):
            on_progress(done, total)
    if not decided:
        raise Conflict("There is no trace to decide about. Bring some in first.")
    return decided


@transaction.atomic
def _write(run: Run, decided: list[Decided]) -> None:
    run.finished_at = timezone.now()
    run.save()
    for start in range(0, len(decided), WRITE_BATCH):
        rows = (_row(run, step, decision) for step, decision in decided[start : start + WRITE_BATCH])
        Consensus.objects.bulk_create(rows)


def _row(run: Run, step: int, decision: Decision) -> Consensus:
    return Consensus(
        run=run,
        step_id=step,
        action=decision.action,
        value=decision.value,
        probability=decision.probability,
        reason=decision.reason,
        explanation=decision.explanation,
        spoke=list(decision.spoke),
    )


def _rubric_of(project: Project) -> Rubric:
    if project.rubric is None:
        raise Conflict(f"{project} has no rubric, so there is no question to decide.")
    return project.rubric


def _step_criterion(rubric: Rubric, key: str, *, field: str) -> Criterion:
    criterion = rubric.criteria.filter(key=key, scope=Scope.STEP).first()
    if criterion is None:
        known = ", ".join(rubric.criteria.filter(scope=Scope.STEP).values_list("key", flat=True))
        raise Rejected(f"{rubric} asks no {key!r} about steps; it asks {known or 'nothing'}.", field=field)
    return criterion
