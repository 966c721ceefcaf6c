from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.utils import timezone

from annotate.consensus.contracts import Decide, Decision, TraceEvidence
from annotate.consensus.evidence import evidence_batches, voters_of
from annotate.consensus.funnel import Funnel, as_json
from annotate.consensus.registry import get_policy
from annotate.enums import RunKind, RunState, Scope
from annotate.errors import Conflict, Rejected
from annotate.models import Consensus, Criterion, Person, Project, Rubric, Run, Trace
from annotate.prelabel.settings import build_settings

Progress = Callable[[int, int], None]


@transaction.atomic
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

    All or nothing: a policy that fails half-way leaves no run. ``on_progress`` hears (traces done, traces in
    all). Callers are the operator and managers. Raises ``Rejected`` for settings that do not fit and ``Conflict``
    when there is nothing to decide.
    """
    rule = get_policy(policy)
    chosen: Any = build_settings(rule.settings, settings or {})
    rubric = _rubric_of(project)
    criterion = _step_criterion(rubric, criterion_key, field="criterion")
    also = [_step_criterion(rubric, key, field="settings") for key in rule.also_reads(chosen)]
    decide = rule.bind(chosen, criterion.key, voters_of(project, (criterion, *also)))
    run = Run.objects.create(
        project=project,
        kind=RunKind.CONSENSUS,
        name=rule.name,
        criterion=criterion,
        settings=asdict(chosen),
        state=RunState.RUNNING,
        created_by=created_by,
        started_at=timezone.now(),
    )
    funnel = Funnel(rule.reasons)
    done, total = 0, Trace.objects.filter(project=project).count()
    for batch in evidence_batches(project, criterion, also):
        _write_batch(run, decide, batch, funnel)
        done += len(batch)
        if on_progress:
            on_progress(done, total)
    if not done:
        raise Conflict("There is no trace to decide about. Bring some in first.")
    run.state = RunState.DONE
    run.summary = {"version": rule.version, "funnel": as_json(funnel.rows())}
    run.finished_at = timezone.now()
    run.save(update_fields=["state", "summary", "finished_at"])
    return run


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


def _write_batch(run: Run, decide: Decide, batch: list[TraceEvidence], funnel: Funnel) -> None:
    rows: list[Consensus] = []
    for evidence in batch:
        decisions = decide(evidence)
        funnel.add(decisions)
        rows.extend(
            _row(run, step.step, decision) for step, decision in zip(evidence.steps, decisions, strict=True)
        )
    Consensus.objects.bulk_create(rows, batch_size=1000)


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
