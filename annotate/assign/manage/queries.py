"""What managers see of a queue while people work through it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean, median

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext

from annotate import clock
from annotate.assign.queries import QueueCounts, queue_counts
from annotate.assign.rules import QueueRules
from annotate.enums import AssignmentState, ExamState, Purpose
from annotate.models import Assignment, Comparison, Membership, Project, Rater, Reader, Turn
from annotate.wording import figure, mid, percent

# Over so long the pace is taken, the shortest window with enough in it first.
WINDOWS = (timedelta(hours=1), timedelta(hours=24), timedelta(days=7))
ENOUGH = 5
# Readings a person's pace and accuracy are taken over: so many, of so long.
LATEST = 20
LATELY = timedelta(days=30)
# People on a page, whose readings are asked for in one statement.
PEOPLE = 50


@dataclass(frozen=True, slots=True)
class Pace:
    """Ordinary readings submitted in the window that ends now; ``hours`` is the window's length."""

    submitted: int
    hours: float
    left: int

    @property
    def per_hour(self) -> float:
        return self.submitted / self.hours

    @property
    def hours_left(self) -> float | None:
        """None: too little was submitted lately for anybody to say."""
        return self.left / self.per_hour if self.submitted >= ENOUGH else None

    @property
    def ends_at(self) -> datetime | None:
        left = self.hours_left
        return None if left is None or left > 24 * 365 else clock.now() + timedelta(hours=left)


@dataclass(frozen=True, slots=True)
class Holding:
    """A trace, or what is compared, on somebody's desk."""

    name: str
    trace: str
    since: datetime | None
    until: datetime | None
    rater_id: int

    @property
    def has_lapsed(self) -> bool:
        return self.until is not None and self.until <= clock.now()


@dataclass(frozen=True, slots=True)
class PersonAtWork:
    """One member who labels, or has; numbers are over the latest of their readings, None where there are none."""

    name: str
    role: str
    person_id: int | None
    membership_id: int | None
    reader: Reader
    skills: Sequence[str]
    seconds_per_step: float | None
    gold_score: float | None
    n_gold: int
    last_at: datetime | None

    @property
    def is_paused(self) -> bool:
        return self.reader.paused_at is not None


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """Some people by name. ``next_after`` empty: these are the last."""

    people: Sequence[PersonAtWork]
    next_after: str


@dataclass(frozen=True, slots=True)
class Overview:
    counts: QueueCounts
    pace: Pace
    holdings: tuple[Holding, ...]
    n_paused: int
    n_gold_read: int
    uses: dict[str, int]

    @property
    def n_exam(self) -> int:
        return self.uses.get(Purpose.EXAM, 0)

    @property
    def set_apart(self) -> str:
        """How many traces are used for what, besides ordinary work."""
        return ", ".join(
            f"{figure(f'{n:,}')} {mid(Purpose(use).label)}" for use, n in sorted(self.uses.items())
        )


def overview_of(project: Project) -> Overview:
    counts = queue_counts(project)
    # Named one by one, so that an index leads to the few among the many.
    special = Turn.objects.filter(project=project, use__in=[one for one in Purpose if one != Purpose.WORK])
    uses = dict(special.order_by().values_list("use").annotate(n=Count("pk")))
    is_read = Q(project=project, purpose=Purpose.GOLD, state=AssignmentState.SUBMITTED, score__isnull=False)
    n_compared = Comparison.objects.filter(is_read, holder__isnull=False).count()
    return Overview(
        counts=counts,
        pace=_pace(project, counts.open + counts.held),
        holdings=_holdings(project),
        n_paused=Reader.objects.filter(project=project, paused_at__isnull=False).count(),
        n_gold_read=(Assignment.objects.filter(is_read).count() if uses else 0) + n_compared,
        uses=uses,
    )


def _pace(project: Project, left: int) -> Pace:
    done = Assignment.objects.filter(project=project, state=AssignmentState.SUBMITTED, purpose=Purpose.WORK)
    now = clock.now()
    pace = Pace(0, WINDOWS[0].total_seconds() / 3600, left)
    for window in WINDOWS:
        n = done.filter(finished_at__gt=now - window).count()
        pace = Pace(n, window.total_seconds() / 3600, left)
        if n >= ENOUGH:
            break
    return pace


def _holdings(project: Project) -> tuple[Holding, ...]:
    held = Assignment.objects.filter(project=project, state=AssignmentState.HELD)
    rows = held.values_list("holder__name", "trace__external_id", "opened_at", "held_until", "holder_id")
    compared = Comparison.objects.filter(project=project, state=AssignmentState.HELD).values_list(
        "holder__name",
        Coalesce("pair__external_id", "lineup__external_id"),
        "opened_at",
        "held_until",
        "holder_id",
    )
    found = [Holding(*row) for row in (*rows, *compared)]
    return tuple(sorted(found, key=lambda one: (one.since is None, one.since)))


def people_page(project: Project, *, after: str = "", size: int = PEOPLE) -> PeoplePage:
    """The ``size`` people after the one called ``after`` of those who have asked for work here; by name."""
    named = Rater.objects.filter(project=project, person__isnull=False).select_related("reader", "person")
    raters = list(named.filter(name__gt=after).order_by("name")[: size + 1])
    people = _at_work(project, raters[:size])
    return PeoplePage(people, people[-1].name if len(raters) > size else "")


def _at_work(project: Project, raters: Sequence[Rater]) -> list[PersonAtWork]:
    theirs = [rater.person_id for rater in raters]
    members = {m.person_id: m for m in Membership.objects.filter(project=project, person__in=theirs)}
    lately = _lately(project, raters)
    found = []
    for rater in raters:
        member = members.get(rater.person_id or 0)
        reader = getattr(rater, "reader", None) or Reader(project=project, rater=rater)
        paces, scores, last = lately.get(rater.pk, ([], [], None))
        found.append(
            PersonAtWork(
                name=rater.name,
                role=member.get_role_display() if member else gettext("no member any more"),
                person_id=rater.person_id,
                membership_id=member.pk if member else None,
                reader=reader,
                skills=member.skills if member else (),
                seconds_per_step=median(paces) if paces else None,
                gold_score=fmean(scores) if scores else None,
                n_gold=len(scores),
                last_at=last,
            )
        )
    return found


def _lately(
    project: Project, raters: Sequence[Rater]
) -> dict[int, tuple[list[float], list[float], datetime | None]]:
    """By rater: seconds per step and gold scores of the latest readings, and when the last was finished."""
    done = Assignment.objects.filter(state=AssignmentState.SUBMITTED, finished_at__isnull=False)
    recent = done.filter(finished_at__gt=clock.now() - LATELY)
    paced = recent.filter(seconds_per_step__isnull=False)
    readers = Reader.objects.filter(project=project, rater__in=raters).annotate(
        last=_nth_latest(done, 1), paced_since=_nth_latest(paced, LATEST)
    )
    rows = list(readers.values_list("rater_id", "last", "paced_since"))
    paces = _latest(paced, "seconds_per_step", {rater: since for rater, _, since in rows})
    scores = _gold_scores([rater for rater, *_ in rows])
    return {rater: (paces.get(rater, []), scores.get(rater, []), last) for rater, last, _ in rows}


def _gold_scores(raters: Sequence[int]) -> dict[int, list[float]]:
    """By rater, the latest that were held against a key: readings of traces and comparisons alike."""
    measured = Q(
        holder__in=raters,
        state=AssignmentState.SUBMITTED,
        purpose=Purpose.GOLD,
        score__isnull=False,
        finished_at__gt=clock.now() - LATELY,
    )
    rows: list[tuple[datetime, int, float]] = []
    for slots in (Assignment.objects.order_by(), Comparison.objects.order_by()):
        seen = slots.filter(measured).values_list("finished_at", "holder_id", "score")
        rows += [(at, who, score) for at, who, score in seen if at and who and score is not None]
    found: dict[int, list[float]] = {}
    for _, rater, score in sorted(rows, reverse=True):
        if len(theirs := found.setdefault(rater, [])) < LATEST:
            theirs.append(score)
    return found


def _nth_latest(readings: QuerySet[Assignment], n: int) -> Subquery:
    """When the reader finished the last but so many: one person's readings by their index, not everybody's."""
    own = readings.filter(holder=OuterRef("rater")).order_by("-finished_at")
    return Subquery(own.values("finished_at")[n - 1 : n])


def _latest(
    readings: QuerySet[Assignment], column: str, since: dict[int, datetime | None]
) -> dict[int, list[float]]:
    """The latest few of each person; ``since`` None: there are fewer."""
    found: dict[int, list[float]] = {}
    theirs = Q(pk__in=())
    for rater, at in since.items():
        theirs |= Q(holder=rater, finished_at__gte=at) if at else Q(holder=rater)
    for rater, value in readings.filter(theirs).order_by().values_list("holder_id", column):
        found.setdefault(rater, []).append(value)
    return found


def exam_said(reader: Reader, rules: QueueRules) -> str:
    """How the person stands with the exam, in words; nothing where none is asked for."""
    if not rules.exam_size:
        return ""
    score = (
        ""
        if reader.exam_score is None
        else gettext(", %(score)s right") % {"score": percent(reader.exam_score)}
    )
    return f"{ExamState(reader.exam).label}{score}"
