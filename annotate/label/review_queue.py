"""Which traces wait for a reviewer, in which order, and why there may be none. Not for annotators."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Count, F, Max, Min, QuerySet
from django.utils.translation import gettext, ngettext

from annotate.assign.queries import queue_counts
from annotate.enums import Action, AssignmentState, RaterKind, Scope
from annotate.models import Assignment, Consensus, Criterion, Label, Person, Project, Rater, Run, Trace

from .decisions import IS_WORK, decidable_criteria
from .long_queue import ENOUGH, is_long, windows

# What can be decided about, and the way to its trace.
TRACE_OF = {"step": "step__trace", "trace": "trace", "candidate": "candidate__step__trace"}


class Order(StrEnum):
    """By how many disagreements are open, or by how many steps the newest consensus asks people about."""

    DISAGREEMENT = "disagreement"
    ASK = "ask"


class Show(StrEnum):
    OPEN = "open"
    DECIDED = "decided"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A trace on which submitted readings differ: at ``n_disputed`` places, ``n_open`` of them undecided.

    ``n_asked`` are the steps the consensus at hand asks people about.
    """

    trace_id: int
    n_disputed: int
    n_open: int
    n_asked: int = 0


def review_queue(
    project: Project,
    *,
    criterion: Criterion | None = None,
    order: Order = Order.DISAGREEMENT,
    show: Show = Show.OPEN,
    run: Run | None = None,
) -> list[Waiting]:
    """The traces to review, most wanted first. ``run`` is the consensus that asks; without one nothing is asked.

    In a very large project these are some of them, :mod:`long_queue` says which.
    """
    criteria = [criterion] if criterion else list(decidable_criteria(project))
    wanted: list[Waiting] = []
    looked_at = windows(project, is_decided=show is Show.DECIDED) if is_long(project) else [None]
    for traces in looked_at:
        rows = _waiting(project, criteria, run, traces)
        wanted += [row for row in rows if (row.n_open > 0) == (show is Show.OPEN)]
        if len(wanted) >= ENOUGH and traces:
            break
    if order is Order.ASK:
        return sorted(wanted, key=lambda row: (-row.n_asked, -row.n_open, row.trace_id))
    return sorted(wanted, key=lambda row: (-row.n_open, -row.n_disputed, row.trace_id))


def _waiting(
    project: Project, criteria: Sequence[Criterion], run: Run | None, traces: list[int] | None
) -> list[Waiting]:
    """Those of ``traces``, or of all, on which readings differ."""
    disputed: Counter[int] = Counter()
    still_open: Counter[int] = Counter()
    for target in _targets(criteria):
        for trace, is_open in _disputes(project, criteria, target, traces):
            disputed[trace] += 1
            still_open[trace] += is_open
    asked = _asked(run, traces) if run else {}
    return [Waiting(pk, n, still_open[pk], asked.get(pk, 0)) for pk, n in disputed.items()]


def _targets(criteria: Sequence[Criterion]) -> list[str]:
    """What these questions may be about; texts given for a step only where one of them asks about those."""
    about_texts = any(one.scope == Scope.CANDIDATE for one in criteria)
    return [target for target in TRACE_OF if target != "candidate" or about_texts]


def next_in(queue: Sequence[Waiting], trace: Trace, person: Person) -> int | None:
    """The trace after this one, in a queue read before this one was decided; none that the person reads themselves."""
    places = [row.trace_id for row in queue]
    after = places[places.index(trace.pk) + 1 :] if trace.pk in places else places
    held = set(
        Assignment.objects.filter(
            trace__project=trace.project_id, holder__person=person, state=AssignmentState.HELD
        ).values_list("trace", flat=True)
    )
    return next((pk for pk in after if pk not in held), None)


def nothing_because(project: Project, criterion: Criterion | None = None) -> str:
    """One sentence on why no disagreement waits."""
    if project.rubric_id is None:
        return gettext("The project has no rubric yet, so nobody has been asked anything.")
    if not decidable_criteria(project):
        return gettext(
            "The rubric asks people for nothing with levels, so there is nothing to decide between."
        )
    if not Trace.objects.filter(project=project).exists():
        return gettext("The project has no traces yet.")
    criteria = [criterion] if criterion else list(decidable_criteria(project))
    n_read, n_compared = _coverage(project, criteria)
    if not n_read:
        counts = queue_counts(project)
        if criterion:
            return gettext("Nobody has submitted an answer to %(criterion)s yet.") % {"criterion": criterion}
        return _nothing_submitted(counts.held, counts.open, counts.returned)
    if not n_compared:
        return ngettext(
            "No step has two readings yet, so there is nothing to compare. The project asks for %(n)d"
            " person per"
            " trace.",
            "No step has two readings yet, so there is nothing to compare. The project asks for %(n)d"
            " people per"
            " trace.",
            project.overlap,
        ) % {"n": project.overlap}
    n_disputed = sum(
        row.n_disputed for show in Show for row in review_queue(project, criterion=criterion, show=show)
    )
    about = gettext(" about %(criterion)s") % {"criterion": criterion} if criterion else ""
    if n_disputed:
        said = ngettext(
            "The one disagreement%(about)s is decided.",
            "All %(n)d disagreements%(about)s are decided.",
            n_disputed,
        )
        return said % {"n": n_disputed, "about": about}
    said = ngettext(
        "People agree%(about)s at the one place that two or more of them have answered.",
        "People agree%(about)s at all %(n)d places that two or more of them have answered.",
        n_compared,
    )
    return said % {"n": n_compared, "about": about}


def _nothing_submitted(held: int, waiting: int, returned: int) -> str:
    parts = [
        ngettext("%(n)d trace is on somebody's desk", "%(n)d traces are on somebody's desk", held)
        % {"n": held},
        ngettext("%(n)d waits in the queue", "%(n)d wait in the queue", waiting) % {"n": waiting},
    ]
    if returned:
        parts.append(gettext("%(n)d went back to their readers") % {"n": returned})
    return gettext("Nothing has been submitted yet: %(places)s.") % {"places": ", ".join(parts)}


def _readings(project: Project, criteria: Sequence[Criterion], target: str) -> QuerySet[Label]:
    # By the people's ids: found through their steps' traces instead, a large project takes ten times as long.
    people = list(Rater.objects.filter(project=project, kind=RaterKind.PERSON).values_list("pk", flat=True))
    return (
        Label.objects.counted()
        .filter(IS_WORK, rater__in=people, criterion__in=criteria, **{f"{target}__isnull": False})
        .order_by()
    )


def _disputes(
    project: Project, criteria: Sequence[Criterion], target: str, traces: list[int] | None
) -> Iterator[tuple[int, bool]]:
    """(trace, whether it is open) of every place where people differ."""
    trace_of = TRACE_OF[target]
    readings = _readings(project, criteria, target)
    decisions = Label.objects.decisions().filter(
        rater__project=project, criterion__in=criteria, **{f"{target}__isnull": False}
    )
    if traces is not None:
        readings = readings.filter(**{f"{trace_of}__in": traces})
        decisions = decisions.filter(**{f"{trace_of}__in": traces})
    rows = (
        readings.values(trace_of, target, "criterion")
        .annotate(lowest=Min("value"), highest=Max("value"))
        .filter(lowest__lt=F("highest"))
        .values_list(trace_of, target, "criterion")
    )
    decided = set(decisions.values_list(target, "criterion"))
    for trace, place, criterion in rows.iterator(chunk_size=10_000):
        yield trace, (place, criterion) not in decided


def _asked(run: Run, traces: list[int] | None) -> dict[int, int]:
    asked = Consensus.objects.filter(run=run, action=Action.ASK, step__retired_in=None)
    if traces is not None:
        asked = asked.filter(step__trace__in=traces)
    return dict(asked.order_by().values_list("step__trace").annotate(n=Count("pk")))


def _coverage(project: Project, criteria: Sequence[Criterion]) -> tuple[int, int]:
    """(places with a reading, places with two or more)."""
    n_read = n_compared = 0
    for target in _targets(criteria):
        places = (
            _readings(project, criteria, target)
            .order_by()
            .values(target, "criterion")
            .annotate(n=Count("pk"))
        )
        n_read += places.count()
        n_compared += places.filter(n__gte=2).count()
    return n_read, n_compared
