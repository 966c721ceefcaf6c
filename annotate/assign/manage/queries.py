"""What managers see of a queue while people work through it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean, median
from typing import Any

from django.db.models import Count, F, Max, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils import timezone
from django.utils.translation import gettext

from annotate.assign.queries import QueueCounts, queue_counts
from annotate.assign.rules import QueueRules
from annotate.enums import AssignmentState, ExamState, Purpose
from annotate.models import Assignment, Membership, Project, Rater, Reader, Turn
from annotate.wording import figure, mid, percent

# Over so long the pace is taken, the shortest window with enough in it first.
WINDOWS = (timedelta(hours=1), timedelta(hours=24), timedelta(days=7))
ENOUGH = 5
# Readings a person's pace and accuracy are taken over: so many, of so long.
LATEST = 20
LATELY = timedelta(days=30)


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
        return None if left is None or left > 24 * 365 else timezone.now() + timedelta(hours=left)


@dataclass(frozen=True, slots=True)
class Holding:
    """A trace on somebody's desk."""

    name: str
    trace: str
    since: datetime | None
    until: datetime | None
    rater_id: int

    @property
    def has_lapsed(self) -> bool:
        return self.until is not None and self.until <= timezone.now()


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
    special = Turn.objects.filter(project=project).exclude(use=Purpose.WORK)
    uses = dict(special.order_by().values_list("use").annotate(n=Count("pk")))
    gold = Assignment.objects.filter(
        project=project, purpose=Purpose.GOLD, state=AssignmentState.SUBMITTED, score__isnull=False
    )
    return Overview(
        counts=counts,
        pace=_pace(project, counts.open + counts.held),
        holdings=_holdings(project),
        n_paused=Reader.objects.filter(project=project, paused_at__isnull=False).count(),
        n_gold_read=gold.count() if uses else 0,
        uses=uses,
    )


def _pace(project: Project, left: int) -> Pace:
    done = Assignment.objects.filter(project=project, state=AssignmentState.SUBMITTED, purpose=Purpose.WORK)
    now = timezone.now()
    pace = Pace(0, WINDOWS[0].total_seconds() / 3600, left)
    for window in WINDOWS:
        n = done.filter(finished_at__gt=now - window).count()
        pace = Pace(n, window.total_seconds() / 3600, left)
        if n >= ENOUGH:
            break
    return pace


def _holdings(project: Project) -> tuple[Holding, ...]:
    held = Assignment.objects.filter(project=project, state=AssignmentState.HELD).order_by("opened_at")
    rows = held.values_list("holder__name", "trace__external_id", "opened_at", "held_until", "holder_id")
    return tuple(Holding(*row) for row in rows)


def people_of(project: Project) -> list[PersonAtWork]:
    """Everybody who has asked for work here, and members who may; by name."""
    members = {m.person_id: m for m in Membership.objects.filter(project=project).select_related("person")}
    raters = Rater.objects.filter(project=project, person__isnull=False).select_related("reader", "person")
    lately = _lately(project)
    found = []
    for rater in raters.order_by("name"):
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


def _lately(project: Project) -> dict[int, tuple[list[float], list[float], datetime | None]]:
    """By rater: seconds per step and gold scores of the latest readings, and when the last was finished."""
    readers = list(Reader.objects.filter(project=project).values_list("rater_id", flat=True))
    found: dict[int, tuple[list[float], list[float], datetime | None]] = {}
    done = Assignment.objects.filter(project=project, holder__in=readers, state=AssignmentState.SUBMITTED)
    last = dict(done.order_by().values_list("holder").annotate(last=Max("finished_at")))
    recent = done.filter(finished_at__gt=timezone.now() - LATELY)
    paced = recent.filter(seconds_per_step__isnull=False)
    for rater, seconds in _latest(paced).values_list("holder_id", "seconds_per_step"):
        found.setdefault(rater, ([], [], last.get(rater)))[0].append(seconds or 0.0)
    scored = recent.filter(score__isnull=False, purpose=Purpose.GOLD)
    for rater, score in _latest(scored).values_list("holder_id", "score"):
        found.setdefault(rater, ([], [], last.get(rater)))[1].append(score or 0.0)
    return {rater: found.get(rater, ([], [], last.get(rater))) for rater in readers}


def _latest(readings: QuerySet[Assignment]) -> QuerySet[Any]:
    """The latest few of each person."""
    place = Window(RowNumber(), partition_by=F("holder"), order_by=F("finished_at").desc())
    return readings.annotate(place=place).filter(place__lte=LATEST)


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
