"""Lists of traces for managers: filtered, and a page at a time by key: the last costs what the first does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact

from annotate.enums import AssignmentState, Purpose
from annotate.models import Assignment, Project, Trace, Turn
from annotate.models.looking import Reach, look_through

from .contracts import NOT_GRADED, TraceFilter

PAGE = 50
# Strata offered in a form.
MOST_STRATA = 100
EVERYWHERE = Reach(None, None)


@dataclass(frozen=True, slots=True)
class TracePage:
    """Some traces in the order they came in. ``next_after`` None: these are the last.

    Where few are as wanted there may be few here, or none, and more behind.
    """

    traces: Sequence[Trace]
    next_after: int | None


def traces_where(project: Project, wanted: TraceFilter, within: Reach = EVERYWHERE) -> QuerySet[Trace]:
    traces = Trace.objects.filter(within.on("pk"), project=project).order_by("pk")
    slots = _slots().filter(within.on("trace"))
    if wanted.state == "unqueued":
        traces = traces.filter(~Exists(slots))
    elif wanted.state:
        waits = Exists(slots.filter(state__in=(AssignmentState.OPEN, AssignmentState.HELD)))
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
    # Whoever asks about turns has joined them by now.
    if wanted != TraceFilter(outcome=wanted.outcome, search=wanted.search) and wanted.state != "unqueued":
        traces = traces.filter(within.on("turn__trace"))
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
    if _has_index(wanted):
        found = list((traces if after is None else traces.filter(pk__gt=after))[: size + 1])
        return TracePage(found[:size], found[size - 1].pk if len(found) > size else None)
    looked = look_through(
        lambda reach: traces_where(project, wanted, reach).select_related("problem", "turn"),
        Trace.objects.filter(project=project),
        size=size,
        after=after,
    )
    return TracePage(looked.rows, looked.upto)


def _has_index(wanted: TraceFilter) -> bool:
    """Whether an index leads to such traces; words are looked for in all of them, however long that takes."""
    is_rare = wanted.use not in ("", Purpose.WORK) or wanted.has_gold == "yes"
    is_only_stratum = wanted == TraceFilter(stratum=wanted.stratum)
    return is_rare or is_only_stratum or bool(wanted.search)


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
