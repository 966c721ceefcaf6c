"""Lists of traces for managers: filtered, and a page at a time by key: the last costs what the first does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact

from annotate.enums import AssignmentState, Purpose
from annotate.models import Assignment, Project, Trace, Turn

from .contracts import NOT_GRADED, TraceFilter

PAGE = 50
# Strata offered in a form.
MOST_STRATA = 100


@dataclass(frozen=True, slots=True)
class TracePage:
    """Some traces in the order they came in. ``next_after`` None: these are the last."""

    traces: Sequence[Trace]
    next_after: int | None


def traces_where(project: Project, wanted: TraceFilter) -> QuerySet[Trace]:
    traces = Trace.objects.filter(project=project).order_by("pk")
    if wanted.state == "unqueued":
        traces = traces.filter(~Exists(_slots()))
    elif wanted.state:
        waits = Exists(_slots().filter(state__in=(AssignmentState.OPEN, AssignmentState.HELD)))
        traces = traces.filter(
            {
                "unread": Q(turn__n_submitted=0) & Q(waits),
                "under_way": Q(turn__n_submitted__gt=0) & Q(waits),
                # Not as NOT EXISTS, for which PostgreSQL would read every slot there is to show fifty traces.
                "read": Q(turn__n_submitted__gt=0) & Q(Exact(Coalesce(waits, Value(False)), False)),
            }[wanted.state]
        )
    if wanted.use == Purpose.WORK:
        traces = traces.filter(turn__use=wanted.use)
    elif wanted.use:
        # Few among many: found by their index, instead of on the way through all traces.
        traces = traces.filter(pk__in=Turn.objects.filter(project=project, use=wanted.use).values("trace"))
    if wanted.outcome:
        traces = traces.filter(outcome=None if wanted.outcome == NOT_GRADED else wanted.outcome)
    if wanted.stratum:
        traces = traces.filter(turn__stratum=wanted.stratum)
    if wanted.has_gold == "yes":
        traces = traces.filter(pk__in=Turn.objects.filter(project=project, has_gold=True).values("trace"))
    elif wanted.has_gold:
        traces = traces.filter(turn__has_gold=False)
    if wanted.least_disagreement:
        traces = traces.filter(turn__disagreement__gte=wanted.least_disagreement)
    if wanted.search:
        traces = traces.filter(
            Q(external_id__icontains=wanted.search) | Q(problem__text__icontains=wanted.search)
        )
    return traces


def trace_page(
    project: Project, wanted: TraceFilter, *, after: int | None = None, size: int = PAGE
) -> TracePage:
    """The ``size`` traces after the one with the key ``after``, each with its problem and its turn."""
    traces = traces_where(project, wanted).select_related("problem", "turn")
    if after is not None:
        traces = traces.filter(pk__gt=after)
    found = list(traces[: size + 1])
    return TracePage(found[:size], found[size - 1].pk if len(found) > size else None)


def strata_of(project: Project) -> list[str]:
    """The strata there are, the first of them by name."""
    found: list[str] = []
    while len(found) < MOST_STRATA:
        # From one to the next by the index: to find a handful of them, no million turns are read.
        behind = Turn.objects.filter(project=project, stratum__gt=found[-1] if found else "")
        stratum = behind.order_by("stratum").values_list("stratum", flat=True).first()
        if stratum is None:
            break
        found.append(stratum)
    return found


def _slots() -> QuerySet[Assignment]:
    ordinary = Assignment.objects.filter(trace=OuterRef("pk"), purpose=Purpose.WORK)
    return ordinary.exclude(state=AssignmentState.SKIPPED)
