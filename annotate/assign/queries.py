"""What the queue holds, and for whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from annotate import clock
from annotate.enums import AssignmentState, ExamState, Purpose
from annotate.models import Assignment, Comparison, Project, Rater, Reader, Trace, Turn, counting
from annotate.models.counting import Bounded, kept
from annotate.wording import percent

from .claims import (
    COUNTED,
    exam_taken,
    held_slots,
    is_locked_out,
    lapsed_traces,
    open_traces,
    skills_asked,
    unread,
)
from .ordering import APART
from .policy import Standing, standing_of
from .readers import Seat, seat_of, seat_with
from .rules import QueueRules, rules_of

UNSUBMITTED = (AssignmentState.OPEN, AssignmentState.HELD)
# What a person is given before anything new.
THEIRS = (AssignmentState.HELD, AssignmentState.RETURNED)


@dataclass(frozen=True, slots=True)
class Desk:
    """What the labelling page shows of the queue, at a price that does not grow with it."""

    n_submitted_by_you: int
    n_claimable: Bounded


@dataclass(frozen=True, slots=True)
class QueueState:
    """Why a person gets a trace, or gets none."""

    standing: Standing
    n_claimable: Bounded
    n_held_by_others: int
    n_submitted_by_you: int
    next_free_at: datetime | None
    detail: str = ""

    @property
    def is_empty(self) -> bool:
        return self.standing not in (Standing.HOLDING, Standing.EXAM, Standing.READY)

    @property
    def explanation(self) -> str:
        """Why there is nothing and when there will be, for the person; empty when there is work."""
        if self.standing is Standing.HELD_BY_OTHERS and self.next_free_at:
            until = timezone.localtime(self.next_free_at)
            return gettext(
                "Others hold the last %(n_held_by_others)s until %(until)s. What they do not submit comes"
                " back to the queue then."
            ) % {"n_held_by_others": self.n_held_by_others, "until": f"{until:%H:%M}"}
        return str(_SENTENCES.get(self.standing, "")).format(detail=self.detail)


_SENTENCES = {
    Standing.NO_RUBRIC: gettext_lazy("The project has no rubric yet, so there is nothing to ask."),
    Standing.NO_TRACES: gettext_lazy("The project has no traces yet."),
    Standing.NOT_FILLED: gettext_lazy(
        "The traces are here, but the queue has not been filled: nobody is asked to label them yet."
    ),
    Standing.ALL_SUBMITTED: gettext_lazy("Every trace has been labelled as often as the project asks."),
    Standing.DONE_BY_YOU: gettext_lazy(
        "You have labelled or skipped all that is still open; the rest waits for other people."
    ),
    Standing.PAUSED: gettext_lazy(
        "Your queue is paused, so that a manager can have a look with you: {detail}. Nothing you have done"
        " is lost."
        " The managers see this and can open the queue for you again."
    ),
    Standing.EXAM_FAILED: gettext_lazy(
        "{detail} The queue opens once it is passed. A manager can let you take it again, or let you in"
        " without it."
    ),
    Standing.NO_EXAM: gettext_lazy(
        "The project asks newcomers to take an exam first, and there is no exam trace left that you have"
        " not seen."
        " Ask a manager to add some, or to let you in without it."
    ),
    Standing.NO_SKILL: gettext_lazy(
        "What is open needs a skill that is not noted for you ({detail}). A manager can note it."
    ),
}


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """Slots of the ordinary queue by state; skipped ones are replaced and so not part of ``wanted``."""

    open: int
    held: int
    submitted: int
    skipped: int
    returned: int = 0

    @property
    def wanted(self) -> int:
        return self.open + self.held + self.submitted + self.returned


@dataclass(frozen=True, slots=True)
class ReaderProgress:
    """How far one person has come."""

    rater_id: int
    name: str
    is_simulated: bool
    submitted: int
    skipped: int


def desk_of(project: Project, rater: Rater, reader: Reader | None = None) -> Desk:
    """What stands at the head of the labelling page: a few queries that read a bounded number of rows.

    ``reader``: their row, from a caller who has just read it.
    """
    rules = rules_of(project)
    seat = seat_of(rater, rules) if reader is None else seat_with(reader, rater, rules)
    return Desk(seat.reader.n_submitted, _claimable(project, rater, seat, skills_asked(rules, seat)))


def queue_state(project: Project, rater: Rater | None) -> QueueState:
    """What ``rater`` (None: somebody who has not labelled here yet) would find when asking for a trace now."""
    rules, seat = _rules_and_seat(project, rater)
    skills = skills_asked(rules, seat)
    others = held_slots(project, rater, skills=skills).filter(held_until__gt=clock.now())
    ends = sorted(until for until in others.values_list("held_until", flat=True) if until is not None)
    n_claimable = _claimable(project, rater, seat, skills)
    slots = Assignment.objects.filter(project=project)
    missing = _missing_skills(project, rater, skills) if not n_claimable else []
    exam = _exam_standing(project, rater, rules, seat)
    standing = standing_of(
        is_holding=bool(rater and slots.filter(holder=rater, state__in=THEIRS).exists()),
        has_rubric=project.rubric_id is not None,
        is_paused=bool(seat and seat.reader.paused_at),
        exam=exam,
        has_traces=Trace.objects.filter(project=project).exists(),
        has_slots=slots.exists(),
        n_claimable=int(bool(n_claimable)),
        n_held_by_others=len(ends),
        needs_skill=bool(missing),
        has_open=slots.filter(state__in=UNSUBMITTED).exists(),
    )
    return QueueState(
        standing=standing,
        n_claimable=n_claimable,
        n_held_by_others=len(ends),
        n_submitted_by_you=seat.reader.n_submitted if seat else 0,
        next_free_at=ends[0] if ends else None,
        detail=_detail(standing, rater, rules, seat, missing),
    )


def feedback_on(assignment: Assignment | Comparison) -> str:
    """What its holder may hear of what was held against a key; nothing where the project stays silent."""
    rules = rules_of(assignment.project)
    is_told = assignment.purpose == Purpose.DEMO or (
        assignment.purpose == Purpose.GOLD and rules.gold_feedback
    )
    if assignment.score is None or not is_told:
        return ""
    if isinstance(assignment, Comparison):
        if assignment.score == 1:
            return gettext("That was a comparison with a known answer, and you said what the key says.")
        said = gettext(
            "That was a comparison with a known answer: %(score)s of what you said is what the key says."
        )
        return said % {"score": percent(assignment.score)}
    said = (
        gettext("That was the demonstration: %(score)s of your answers are those of the key.")
        if assignment.purpose == Purpose.DEMO
        else gettext("That was a trace with a known answer: %(score)s of your answers are those of the key.")
    )
    return said % {"score": percent(assignment.score)}


def _rules_and_seat(project: Project, rater: Rater | None) -> tuple[QueueRules, Seat | None]:
    rules = rules_of(project)
    return rules, None if rater is None else seat_of(rater, rules)


def _claimable(
    project: Project, rater: Rater | None, seat: Seat | None, skills: tuple[str, ...] | None
) -> Bounded:
    """How many traces the rater could be given now (a trace with two free slots counts once)."""
    start = seat.reader.cursor if seat else 0
    # Nobody has number 0: whoever is not known yet has read nothing.
    reader = rater or Rater(pk=0)
    found = open_traces(project, reader, skills=skills, start=start)
    if not found and start:
        found = open_traces(project, reader, skills=skills, start=0)
    if len(found) > COUNTED:
        n = len(set(found)) - 1
        return Bounded(n - n % 10 if n > 10 else n, is_more=True)
    lapsed = lapsed_traces(project, reader, skills=skills, now=clock.now())
    return Bounded(len({*found, *lapsed}))


def _missing_skills(project: Project, rater: Rater | None, skills: tuple[str, ...] | None) -> list[str]:
    """The skills that unread open slots ask for and the person lacks; a few of them."""
    if skills is None:
        return []
    slots = Assignment.objects.filter(project=project, state__in=UNSUBMITTED).exclude(skill__in=skills)
    return list(unread(slots, rater).order_by().values_list("skill", flat=True).distinct()[:5])


def _exam_standing(
    project: Project, rater: Rater | None, rules: QueueRules, seat: Seat | None
) -> Standing | None:
    if seat is None:
        # Who they will be is not known yet; with an exam, it comes first.
        return Standing.EXAM if rules.exam_size else None
    if not is_locked_out(rules, seat):
        return None
    if seat.reader.exam == ExamState.FAILED:
        return Standing.EXAM_FAILED
    turns = Turn.objects.filter(project=project, use__in=(Purpose.EXAM, Purpose.DEMO))
    had = Assignment.objects.filter(holder=rater).values("trace")
    return Standing.EXAM if turns.exclude(trace__in=had).exists() else Standing.NO_EXAM


def _detail(
    standing: Standing, rater: Rater | None, rules: QueueRules, seat: Seat | None, missing: list[str]
) -> str:
    if standing is Standing.NO_SKILL:
        return ", ".join(missing)
    if seat is None or rater is None:
        return ""
    if standing is Standing.PAUSED:
        return seat.reader.pause_words
    if standing is Standing.EXAM:
        done = exam_taken(rater, seat.reader.exam_from).count()
        return gettext("%(done)s of %(exam_size)s exam traces read; %(exam_pass)s right opens the queue.") % {
            "done": done,
            "exam_size": rules.exam_size,
            "exam_pass": percent(rules.exam_pass),
        }
    if standing is Standing.EXAM_FAILED:
        return gettext("Your exam came to %(score)s right; it asks for %(exam_pass)s.") % {
            "score": percent(seat.reader.exam_score or 0),
            "exam_pass": percent(rules.exam_pass),
        }
    return ""


def queue_counts(project: Project) -> QueueCounts:
    """How the queue stands; of a very long one, as it stood a moment ago."""
    return kept(
        f"queue:{project.pk}", lambda: _counted(project), lambda counts: counts.wanted + counts.skipped
    )


def _counted(project: Project) -> QueueCounts:
    ordinary = Assignment.objects.filter(project=project, position__lt=APART)
    rows = ordinary.order_by().values_list("state").annotate(n=Count("pk"))
    by_state = dict(rows)
    return QueueCounts(**{state.value: by_state.get(state.value, 0) for state in AssignmentState})


def with_counts(projects: QuerySet[Project]) -> list[Project]:
    """Each project with ``n_traces``, ``n_wanted`` and ``n_submitted``, in two queries however many there are.

    Those of a very large project are as they were a moment ago.
    """
    found = list(projects)
    known = cache.get_many([f"project:{project.pk}" for project in found])
    rest = [project.pk for project in found if f"project:{project.pk}" not in known]
    for pk, *counts in _with_counts(Project.objects.filter(pk__in=rest)) if rest else ():
        known[f"project:{pk}"] = counts
        if max(counts) >= counting.MANY:
            cache.set(f"project:{pk}", counts, counting.KEPT_SECONDS)
    for project in found:
        project.n_traces, project.n_wanted, project.n_submitted = known[f"project:{project.pk}"]  # type: ignore[attr-defined]
    return found


def _with_counts(projects: QuerySet[Project]) -> QuerySet[Project, tuple[int, int, int, int]]:
    slots = Assignment.objects.filter(project=OuterRef("pk"), position__lt=APART)
    wanted = slots.exclude(state=AssignmentState.SKIPPED)
    return (
        projects.order_by()
        .annotate(
            n_traces=_count(Trace.objects.filter(project=OuterRef("pk"))),
            n_wanted=_count(wanted),
            n_submitted=_count(slots.filter(state=AssignmentState.SUBMITTED)),
        )
        .values_list("pk", "n_traces", "n_wanted", "n_submitted")
    )


def _count(rows: QuerySet[Any]) -> Coalesce:
    """The number of ``rows`` as a subquery; they refer to one project of the outer query."""
    counted = rows.order_by().values("project").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), 0)


def readings_by_trace(traces: Iterable[Trace]) -> dict[int, tuple[int, int]]:
    """(submitted, wanted) readings of each of some traces, those of gold and exam traces too."""
    rows = (
        Assignment.objects.filter(trace__in=traces)
        .exclude(state=AssignmentState.SKIPPED)
        .order_by()
        .values_list("trace")
        .annotate(submitted=Count("pk", filter=Q(state=AssignmentState.SUBMITTED)), wanted=Count("pk"))
    )
    return {trace: (submitted, wanted) for trace, submitted, wanted in rows}


def reader_progress(project: Project, *, most: int) -> list[ReaderProgress]:
    """Who has finished something, the busiest first, at most so many."""
    rows = (
        Reader.objects.filter(project=project)
        .filter(Q(n_submitted__gt=0) | Q(n_skipped__gt=0))
        .select_related("rater")
        .order_by("-n_submitted", "rater__name")
    )
    return [
        ReaderProgress(r.rater_id, r.rater.name, r.rater.is_simulated, r.n_submitted, r.n_skipped)
        for r in rows[:most]
    ]
