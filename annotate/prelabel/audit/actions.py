"""Open audits. Workers finish them as any other run; what they show is turned into estimates by ``measure``."""

from __future__ import annotations

import hashlib
from dataclasses import asdict

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet

from annotate.enums import RaterKind, RunKind, RunState
from annotate.errors import Conflict, Rejected
from annotate.models import Criterion, Label, Person, Project, Rater, Run, Trace, Unit
from annotate.prelabel.audit.entry import AUDIT
from annotate.prelabel.audit.strategy import AuditSettings

USUAL_TRACES = 20
USUAL_VOTES = 4


@transaction.atomic
def open_audit(
    rater: Rater,
    criterion: Criterion,
    *,
    created_by: Person | None = None,
    traces: int = USUAL_TRACES,
    votes: int = USUAL_VOTES,
) -> Run:
    """Write an audit run of a judge over some of its project's traces, asking what it asks to label ``criterion``.

    The traces are the same at every audit: those with a gold label first, then in the order of a digest of their
    names. Raises Conflict while an earlier audit is still open and Rejected for a rater that is no judge of this
    kind or a project without traces. Nothing is sent to a worker here.
    """
    config = rater.config
    if rater.kind != RaterKind.JUDGE or not {"strategy", "backend", "settings"} <= config.keys():
        raise Rejected(f"{rater} is no judge that runs here, so there is nothing to audit.", field="rater")
    # Two who ask at once take turns here.
    Rater.objects.select_for_update(no_key=True).get(pk=rater.pk)
    if audits_of(rater).filter(state__in=(RunState.QUEUED, RunState.RUNNING)).exists():
        raise Conflict(f"An audit of {rater} is under way.")
    gold = _gold_rater(rater.project, criterion)
    chosen = _traces(rater.project, criterion, gold)[:traces]
    if not chosen:
        raise Rejected("there is no trace to audit the judge on", field="traces")
    settings = AuditSettings(
        config["strategy"], config["settings"], votes, hint_rater=gold.name if gold else ""
    )
    run = Run.objects.create(
        project=rater.project,
        kind=RunKind.PRELABEL,
        name=AUDIT,
        criterion=criterion,
        rater=rater,
        backend=config["backend"],
        settings={**asdict(settings), "bad": config["settings"].get("bad", "bad")},
        created_by=created_by,
    )
    Unit.objects.bulk_create(Unit(run=run, trace_id=pk, problem_id=problem) for pk, problem in chosen)
    return run


def audits_of(rater: Rater) -> QuerySet[Run]:
    return Run.objects.filter(rater=rater, kind=RunKind.PRELABEL, name=AUDIT)


def _gold_rater(project: Project, criterion: Criterion) -> Rater | None:
    keys = Rater.objects.filter(
        project=project, kind=RaterKind.GOLD, labels__criterion=criterion, labels__is_live=True
    )
    return keys.annotate(known=Count("labels")).order_by("-known", "pk").first()


def _traces(project: Project, criterion: Criterion, gold: Rater | None) -> list[tuple[int, int]]:
    """Keys of all traces with their problems, in the order they are taken."""
    known = Label.objects.live().filter(rater=gold, criterion=criterion, step__trace=OuterRef("pk"))
    rows = Trace.objects.filter(project=project).annotate(has_gold=Exists(known))
    named = rows.order_by().values_list("pk", "problem_id", "external_id", "has_gold")
    order = sorted(named, key=lambda row: (not row[3], hashlib.sha256(row[2].encode()).digest()))
    return [(pk, problem) for pk, problem, _, _ in order]
