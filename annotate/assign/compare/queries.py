"""What there is to compare, and for whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, ngettext

from annotate import clock
from annotate.assign.claims import is_locked_out, skills_asked
from annotate.assign.readers import Seat, seat_of
from annotate.assign.rules import QueueRules, rules_of
from annotate.enums import COMPARED, AssignmentState, CriterionKind, ExamState, Purpose, Scope
from annotate.models import Comparison, Criterion, Entrant, Label, Lineup, Pair, Project, Rater, Turn

from .traits import BETWEEN, skills_met

# Counted one by one for a person; behind that it is "more than".
COUNTED = 100
# So many skills that somebody lacks are named.
SKILLS_NAMED = 5
UNSUBMITTED = (AssignmentState.OPEN, AssignmentState.HELD, AssignmentState.RETURNED)
# What a person is given before anything new.
THEIRS = (AssignmentState.HELD, AssignmentState.RETURNED)


class Standing(StrEnum):
    """What a person finds when they ask for something to compare. Only the first two lead to it."""

    HOLDING = "holding"
    READY = "ready"
    NOT_ASKED = "not_asked"
    PAUSED = "paused"
    EXAM = "exam"
    EXAM_FAILED = "exam_failed"
    NO_SKILL = "no_skill"
    NOTHING_MADE = "nothing_made"
    HELD_BY_OTHERS = "held_by_others"
    DONE_BY_YOU = "done_by_you"
    ALL_SUBMITTED = "all_submitted"


_SENTENCES = {
    Standing.NOT_ASKED: gettext_lazy(
        "What this project asks is not about pairs or lineups, so there is nothing to compare."
    ),
    Standing.PAUSED: gettext_lazy(
        "You are paused, so that a manager can have a look with you: %(detail)s. Nothing you have done is lost."
    ),
    Standing.EXAM: gettext_lazy(
        "The project asks newcomers to pass its exam first. Take it from the queue of traces."
    ),
    Standing.EXAM_FAILED: gettext_lazy(
        "The project's exam is not passed, and comparing opens with it. A manager can let you take it again, or let you"
        " in without it."
    ),
    Standing.NO_SKILL: gettext_lazy(
        "What is open needs a skill that is not noted for you (%(detail)s). A manager can note it."
    ),
    Standing.NOTHING_MADE: gettext_lazy(
        "Nothing has been put side by side yet. A manager makes pairs and lineups."
    ),
    Standing.DONE_BY_YOU: gettext_lazy(
        "You have compared or skipped all that is still open; the rest waits for other people."
    ),
    Standing.ALL_SUBMITTED: gettext_lazy("Everything has been compared as often as the project asks."),
}


@dataclass(frozen=True, slots=True)
class CompareCounts:
    """Slots by state; skipped ones are replaced and so not part of ``wanted``."""

    open: int = 0
    held: int = 0
    submitted: int = 0
    skipped: int = 0
    returned: int = 0

    @property
    def wanted(self) -> int:
        return self.open + self.held + self.submitted + self.returned


@dataclass(frozen=True, slots=True)
class CompareState:
    """Why a person gets something to compare, or nothing. ``is_more``: more than ``n_claimable``."""

    standing: Standing
    counts: CompareCounts
    n_claimable: int = 0
    is_more: bool = False
    n_held_by_others: int = 0
    n_submitted_by_you: int = 0
    next_free_at: datetime | None = None
    detail: str = ""

    @property
    def is_empty(self) -> bool:
        return self.standing not in (Standing.HOLDING, Standing.READY)

    @property
    def is_asked(self) -> bool:
        return self.standing is not Standing.NOT_ASKED

    @property
    def to_go(self) -> str:
        if self.is_more:
            return gettext("more than %(n)d") % {"n": self.n_claimable}
        return str(self.n_claimable)

    @property
    def explanation(self) -> str:
        """Why there is nothing and when there will be, for the person; empty when there is work."""
        if self.standing is Standing.HELD_BY_OTHERS and self.next_free_at:
            until = timezone.localtime(self.next_free_at)
            said = ngettext(
                "Somebody holds the last one until %(until)s. It comes back then, if they do not submit it.",
                "Others hold the last %(n)d until %(until)s. What they do not submit comes back then.",
                self.n_held_by_others,
            )
            return said % {"n": self.n_held_by_others, "until": f"{until:%H:%M}"}
        return str(_SENTENCES.get(self.standing, "")) % {"detail": self.detail}


def asked_scopes(project: Project) -> frozenset[Scope]:
    """Of pairs and lineups, what the project's rubric asks people about."""
    asked = Criterion.objects.filter(rubric=project.rubric_id, is_asked=True, scope__in=COMPARED)
    scopes = asked.exclude(kind=CriterionKind.GROUP).values_list("scope", flat=True).order_by().distinct()
    return frozenset(map(Scope, scopes))


def things_of(project: Project, scope: Scope) -> QuerySet[Any]:
    """The project's pairs, or its lineups."""
    # Not by the project's own: that would ask for each row again whose project was left out.
    return (Lineup if scope == Scope.LINEUP else Pair).objects.filter(project=project)


def comparable(things: QuerySet[Any], scope: Scope) -> QuerySet[Any]:
    """Those of some pairs or lineups in which no trace is withdrawn from the queue."""
    withdrawn = Turn.objects.filter(use=Purpose.WITHDRAWN).values("trace")
    if scope == Scope.LINEUP:
        gone = Entrant.objects.filter(lineup=OuterRef("pk"), trace__in=withdrawn)
        return things.filter(~Exists(gone))
    for path in ("left_trace", "right_trace", "left_step__trace", "right_step__trace"):
        turns = Turn.objects.filter(use=Purpose.WITHDRAWN, trace=OuterRef(path))
        things = things.filter(~Exists(turns))
    return things


def ordinary(project: Project) -> QuerySet[Comparison]:
    """Slots of the queue itself, without those that were opened because the answer is known."""
    return Comparison.objects.filter(project=project, purpose=Purpose.WORK)


def not_had(
    slots: QuerySet[Comparison],
    rater: Rater | None,
    scopes: frozenset[Scope],
    skills: Sequence[str] | None = None,
) -> QuerySet[Comparison]:
    """Slots of what the rubric asks about and the person has neither had a slot of nor decided as a reviewer.

    ``skills``: what the slots may ask for (:func:`traits.skills_met`); None: nothing is asked of anybody.
    """
    about = Q(pk__in=())
    if Scope.PAIR in scopes:
        about |= Q(pair__isnull=False)
    if Scope.LINEUP in scopes:
        about |= Q(lineup__isnull=False)
    slots = slots.filter(about)
    if skills is not None:
        slots = slots.filter(skill__in=skills)
    if rater is None:
        return slots
    for noun in ("pair", "lineup"):
        slots = things_not_had(slots, rater, noun, noun)
    return slots


def things_not_had(rows: QuerySet[Any], rater: Rater, noun: str, key: str = "pk") -> QuerySet[Any]:
    """Pairs (or lineups, or what names them by ``key``) that the person has not compared and not decided about.

    Whoever made the key of one has decided about it too.
    """
    here = {noun: OuterRef(key)}
    had = Comparison.objects.filter(holder=rater, **here)
    return rows.filter(~Exists(had), ~Exists(Label.objects.filter(decided_by=rater, **here)))


def compare_counts(project: Project) -> CompareCounts:
    rows = ordinary(project).order_by().values_list("state").annotate(n=Count("pk"))
    return CompareCounts(**dict(rows))


def compare_state(project: Project, rater: Rater | None) -> CompareState:
    """How it stands for one person; ``rater`` None is somebody who has not labelled here yet."""
    scopes = asked_scopes(project)
    counts = compare_counts(project) if scopes else CompareCounts()
    if not scopes:
        return CompareState(Standing.NOT_ASKED, counts)
    own = Comparison.objects.filter(holder=rater) if rater else Comparison.objects.none()
    slots, rules = ordinary(project), rules_of(project)
    seat = None if rater is None else seat_of(rater, rules)
    skills = skills_met(project, skills_asked(rules, seat))
    now = clock.now()
    others = not_had(slots.filter(state=AssignmentState.HELD), rater, scopes, skills)
    lapsed = others.filter(held_until__lte=now)
    waiting = others.filter(held_until__gt=now).order_by("held_until")
    free = not_had(slots.filter(state=AssignmentState.OPEN), rater, scopes, skills)
    # Of two free slots of one pair a person gets one.
    found = {
        *free.order_by().values_list("pair", "lineup")[: COUNTED + 1],
        *lapsed.values_list("pair", "lineup"),
    }
    ends = list(waiting.values_list("held_until", flat=True))
    missing = []
    if skills is not None and not found and not ends:
        beyond = not_had(slots.filter(state__in=UNSUBMITTED), rater, scopes).exclude(skill__in=skills)
        missing = list(beyond.order_by().values_list("skill", flat=True).distinct()[:SKILLS_NAMED])
    standing, detail = _standing(rules, seat, own, counts, bool(found), bool(ends), missing)
    return CompareState(
        standing=standing,
        counts=counts,
        n_claimable=min(len(found), COUNTED),
        is_more=len(found) > COUNTED,
        n_held_by_others=len(ends),
        n_submitted_by_you=own.filter(state=AssignmentState.SUBMITTED).count(),
        next_free_at=ends[0] if ends else None,
        detail=detail,
    )


def _standing(
    rules: QueueRules,
    seat: Seat | None,
    own: QuerySet[Comparison],
    counts: CompareCounts,
    has_free: bool,
    has_waiting: bool,
    missing: Sequence[str],
) -> tuple[Standing, str]:
    if own.filter(state__in=THEIRS).exists():
        return Standing.HOLDING, ""
    if seat is not None and seat.reader.paused_at is not None:
        return Standing.PAUSED, seat.reader.pause_words
    if seat is not None and is_locked_out(rules, seat):
        return Standing.EXAM_FAILED if seat.reader.exam == ExamState.FAILED else Standing.EXAM, ""
    if not has_free and not has_waiting and missing:
        return Standing.NO_SKILL, ", ".join(" + ".join(one.split(BETWEEN)) for one in missing)
    reasons = (
        (not counts.wanted, Standing.NOTHING_MADE),
        (has_free, Standing.READY),
        (has_waiting, Standing.HELD_BY_OTHERS),
        (counts.open + counts.held + counts.returned > 0, Standing.DONE_BY_YOU),
    )
    return next((standing for holds, standing in reasons if holds), Standing.ALL_SUBMITTED), ""
