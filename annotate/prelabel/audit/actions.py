"""Open audits. Workers finish them as any other run; what they show is turned into estimates by ``measure``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict

from django.db import transaction
from django.db.models import Case, Count, Exists, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext

from annotate.enums import Outcome, RaterKind, RunKind, RunState
from annotate.errors import Conflict, Rejected
from annotate.models import Criterion, Label, Pair, Person, Project, Rater, Run, Trace, Unit
from annotate.prelabel.audit.entry import AUDIT
from annotate.prelabel.audit.kinds import kind_asked_about
from annotate.prelabel.audit.strategy import AuditSettings

USUAL_SIZE = 20
USUAL_VOTES = 4


@transaction.atomic
def open_audit(
    rater: Rater,
    criterion: Criterion,
    *,
    created_by: Person | None = None,
    size: int = USUAL_SIZE,
    votes: int = USUAL_VOTES,
) -> Run:
    """Write an audit run of a judge over ``size`` of its project's traces or, where it labels pairs by ``criterion``,
    of its pairs.

    They are the same at every audit: those with a gold label first, then pairs of a right and a wrong trace, then in
    the order of a digest of their names. Raises Conflict while an earlier audit is still open and Rejected for a rater
    that is no judge that runs here or a project with nothing to ask about. Nothing is sent to a worker here.
    """
    config = rater.config
    if rater.kind != RaterKind.JUDGE or not {"strategy", "backend", "settings"} <= config.keys():
        raise Rejected(
            gettext("%(rater)s is no judge that runs here, so there is nothing to audit.") % {"rater": rater},
            field="rater",
        )
    # Two who ask at once take turns here.
    Rater.objects.select_for_update(no_key=True).get(pk=rater.pk)
    if audits_of(rater).filter(state__in=(RunState.QUEUED, RunState.RUNNING)).exists():
        raise Conflict(gettext("An audit of %(rater)s is under way.") % {"rater": rater})
    gold = _gold_rater(rater.project, criterion)
    noun = kind_asked_about(criterion.scope).noun
    rows = (
        _traces(rater.project, criterion, gold) if noun == "trace" else _pairs(rater.project, criterion, gold)
    )
    chosen = _in_order(rows)[:size]
    if not chosen:
        raise Rejected(
            gettext("there is no %(noun)s to audit the judge on") % {"noun": noun}, field=f"{noun}s"
        )
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
    Unit.objects.bulk_create(
        Unit(run=run, problem_id=problem, **{f"{noun}_id": pk}) for pk, problem in chosen
    )
    return run


def audits_of(rater: Rater) -> QuerySet[Run]:
    return Run.objects.filter(rater=rater, kind=RunKind.PRELABEL, name=AUDIT)


def _gold_rater(project: Project, criterion: Criterion) -> Rater | None:
    keys = Rater.objects.filter(
        project=project, kind=RaterKind.GOLD, labels__criterion=criterion, labels__is_live=True
    )
    return keys.annotate(known=Count("labels")).order_by("-known", "pk").first()


# (key, its problem, name, whether gold speaks of it, whether something else tells what is right)
_Row = tuple[int, int, str, bool, bool]


def _traces(project: Project, criterion: Criterion, gold: Rater | None) -> Iterable[_Row]:
    known = Label.objects.live().filter(rater=gold, criterion=criterion, step__trace=OuterRef("pk"))
    rows = Trace.objects.filter(project=project).annotate(has_gold=Exists(known), is_told=Value(False))
    return rows.order_by().values_list("pk", "problem_id", "external_id", "has_gold", "is_told")


def _pairs(project: Project, criterion: Criterion, gold: Rater | None) -> Iterable[_Row]:
    known = Label.objects.live().filter(rater=gold, criterion=criterion, pair=OuterRef("pk"))
    is_telling = Q(left_trace__outcome=Outcome.RIGHT, right_trace__outcome=Outcome.WRONG) | Q(
        left_trace__outcome=Outcome.WRONG, right_trace__outcome=Outcome.RIGHT
    )
    rows = Pair.objects.filter(project=project).annotate(
        problem=Coalesce("left_trace__problem", "left_step__trace__problem"),
        has_gold=Exists(known),
        is_told=Case(When(is_telling, then=True), default=False),
    )
    return rows.order_by().values_list("pk", "problem", "external_id", "has_gold", "is_told")


def _in_order(rows: Iterable[_Row]) -> list[tuple[int, int]]:
    """Keys with their problems, in the order they are taken."""
    order = sorted(rows, key=lambda row: (not row[3], not row[4], hashlib.sha256(row[2].encode()).digest()))
    return [(pk, problem) for pk, problem, *_ in order]
