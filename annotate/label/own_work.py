"""What a person has done lately, for their own eyes: no view shows it to anybody else.

A day begins and ends where the person's time zone says; a week begins on Monday. A reading belongs to the day on which
it was submitted, so that one sent back counts on the day it is submitted again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from statistics import fmean, median

from django.db.models import Count, Sum
from django.db.models.functions import TruncDate

from annotate.access import REACH
from annotate.assign.queries import QueueState, queue_state
from annotate.assign.rules import rules_of
from annotate.enums import AssignmentState, Purpose, Role
from annotate.models import Assignment, Comparison, Label, Membership, Person, Project, Rater

# How far back days in a row are looked for, and how far back a pace and an agreement with keys.
LONGEST_STREAK = timedelta(days=400)
LATELY = timedelta(days=30)
PACE_OVER = timedelta(days=7)
# A median of fewer steps says nothing.
FEWEST_STEPS = 10
MOST_GOLD = 20
SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Done:
    """Finished readings, and the steps of their traces."""

    traces: int = 0
    steps: int = 0

    def __bool__(self) -> bool:
        return self.traces > 0

    def __add__(self, other: Done) -> Done:
        return Done(self.traces + other.traces, self.steps + other.steps)


@dataclass(frozen=True, slots=True)
class Lately:
    """``days_in_a_row`` is 0 where the person does not want it counted."""

    today: Done
    week: Done
    days_in_a_row: int = 0


@dataclass(frozen=True, slots=True)
class Pace:
    """The median of seconds per timed step; None where fewer than :data:`FEWEST_STEPS` were timed."""

    seconds: float | None
    n_steps: int


@dataclass(frozen=True, slots=True)
class GoldHeard:
    """The mean share of the keys' answers over the last ``n`` gold traces, where the project tells people."""

    share: float
    n: int

    @property
    def percent(self) -> int:
        return round(100 * self.share)


@dataclass(frozen=True, slots=True)
class OwnProject:
    """One project as one of its readers stands in it."""

    project: Project
    today: Done
    week: Done
    n_submitted: int
    pace: Pace
    queue: QueueState
    gold: GoldHeard | None
    # Whose measures they may look at: their own, where the project says so.
    measured: Rater | None = None


@dataclass(frozen=True, slots=True)
class OwnWork:
    lately: Lately
    projects: tuple[OwnProject, ...]


def days_in_a_row(days: Collection[date], today: date) -> int:
    """How many of ``days`` follow each other up to ``today``; neither a weekend off nor a day under way ends them."""
    day = today if today in days else today - timedelta(days=1)
    count = 0
    while day in days or day.weekday() >= SATURDAY:
        count += day in days
        day -= timedelta(days=1)
    return count


def lately_of(person: Person, *, now: datetime, zone: tzinfo) -> Lately:
    """What they finished today and this week, and the days in a row; one query."""
    return _lately(_by_day(person, now, zone), person, now.astimezone(zone).date())


def own_work(person: Person, *, now: datetime, zone: tzinfo) -> OwnWork:
    """All of a person's own page. Some queries for each project they label in: nothing to show along with a turn."""
    by_day = _by_day(person, now, zone)
    today = now.astimezone(zone).date()
    projects = _projects_of(person)
    raters = {rater.project_id: rater for rater in Rater.objects.filter(person=person)}
    paces, heard = _paces(person, now), _gold_heard(person, projects, now)
    found = []
    for project in projects:
        here = _lately({key: done for key, done in by_day.items() if key[0] == project.pk}, person, today)
        queue = queue_state(project, raters.get(project.pk))
        found.append(
            OwnProject(
                project=project,
                today=here.today,
                week=here.week,
                n_submitted=queue.n_submitted_by_you,
                pace=paces.get(project.pk, Pace(None, 0)),
                queue=queue,
                gold=heard.get(project.pk),
                measured=raters.get(project.pk) if project.shows_own_measures else None,
            )
        )
    found.sort(key=lambda one: (-one.week.traces, one.project.name))
    return OwnWork(_lately(by_day, person, today), tuple(found))


def _projects_of(person: Person) -> list[Project]:
    """The projects they may label in."""
    members = Membership.objects.filter(person=person, role__in=REACH[Role.ANNOTATOR])
    members = members.select_related("project__rubric")
    return [member.project for member in members.order_by("project__name", "project")]


def _by_day(person: Person, now: datetime, zone: tzinfo) -> dict[tuple[int, date], Done]:
    """By project and day of the person's calendar."""
    done = Assignment.objects.filter(
        holder__person=person, state=AssignmentState.SUBMITTED, finished_at__gt=now - LONGEST_STREAK
    )
    rows = (
        done.order_by()
        .annotate(day=TruncDate("finished_at", tzinfo=zone))
        .values_list("project_id", "day")
        .annotate(traces=Count("pk"), steps=Sum("trace__n_steps"))
    )
    return {(project, day): Done(traces, steps) for project, day, traces, steps in rows}


def _lately(by_day: Mapping[tuple[int, date], Done], person: Person, today: date) -> Lately:
    monday = today - timedelta(days=today.weekday())
    in_a_row = days_in_a_row({day for _, day in by_day}, today) if person.shows_streak else 0
    return Lately(
        today=_sum(done for (_, day), done in by_day.items() if day == today),
        week=_sum(done for (_, day), done in by_day.items() if monday <= day <= today),
        days_in_a_row=in_a_row,
    )


def _sum(several: Iterable[Done]) -> Done:
    return sum(several, Done())


def _paces(person: Person, now: datetime) -> dict[int, Pace]:
    """By project. Steps answered along with another, in no time, are left out: nobody spent them one by one."""
    rows = (
        Label.objects.live()
        .filter(
            assignment__holder__person=person,
            assignment__state=AssignmentState.SUBMITTED,
            assignment__finished_at__gt=now - PACE_OVER,
            step__isnull=False,
            seconds__isnull=False,
        )
        .order_by()
        .values_list("assignment__project_id", "assignment_id", "step_id")
        .annotate(spent=Sum("seconds"))
    )
    spent: dict[int, list[float]] = defaultdict(list)
    for project, _, _, seconds in rows:
        if seconds:
            spent[project].append(seconds)
    return {
        project: Pace(median(several) if len(several) >= FEWEST_STEPS else None, len(several))
        for project, several in spent.items()
    }


def _gold_heard(person: Person, projects: Iterable[Project], now: datetime) -> dict[int, GoldHeard]:
    """By project, where its rules let people hear how they did on hidden gold; elsewhere nothing gives gold away."""
    telling = [project.pk for project in projects if rules_of(project).gold_feedback]
    rows: list[tuple[datetime, int, float | None]] = []
    for slots in (Assignment.objects.all(), Comparison.objects.all()) if telling else ():
        gold = slots.filter(
            holder__person=person,
            project__in=telling,
            purpose=Purpose.GOLD,
            state=AssignmentState.SUBMITTED,
            score__isnull=False,
            finished_at__gt=now - LATELY,
        )
        seen = gold.values_list("finished_at", "project_id", "score")
        rows += [(at, project, score) for at, project, score in seen if at is not None]
    scores: dict[int, list[float]] = defaultdict(list)
    for _, project, score in sorted(rows, reverse=True):
        if len(scores[project]) < MOST_GOLD:
            scores[project].append(score or 0.0)
    return {project: GoldHeard(fmean(several), len(several)) for project, several in scores.items()}
