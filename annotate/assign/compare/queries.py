"""What there is to compare, and for whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, ngettext

from annotate import clock
from annotate.assign.claims import is_locked_out
from annotate.assign.readers import seat_of
from annotate.assign.rules import rules_of
from annotate.enums import COMPARED, AssignmentState, CriterionKind, Purpose, Scope
from annotate.models import Comparison, Criterion, Entrant, Label, Project, Rater, Turn

# Counted one by one for a person; behind that it is "more than".
COUNTED = 100


class Standing(StrEnum):
    """What a person finds when they ask for something to compare. Only the first two lead to it."""

    HOLDING = "holding"
    READY = "ready"
    NOT_ASKED = "not_asked"
    PAUSED = "paused"
    EXAM = "exam"
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

    @property
    def wanted(self) -> int:
        return self.open + self.held + self.submitted


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


def not_had(
    slots: QuerySet[Comparison], rater: Rater | None, scopes: frozenset[Scope]
) -> QuerySet[Comparison]:
    """Slots of what the rubric asks about and the person has neither had a slot of nor decided as a reviewer."""
    about = Q(pk__in=())
    if Scope.PAIR in scopes:
        about |= Q(pair__isnull=False)
    if Scope.LINEUP in scopes:
        about |= Q(lineup__isnull=False)
    slots = slots.filter(about)
    if rater is None:
        return slots
    had = Comparison.objects.filter(holder=rater)
    decided = Label.objects.filter(decided_by=rater, pair=OuterRef("pair"))
    return slots.filter(
        ~Exists(had.filter(pair=OuterRef("pair"))),
        ~Exists(had.filter(lineup=OuterRef("lineup"))),
        ~Exists(decided),
    )


def compare_counts(project: Project) -> CompareCounts:
    rows = Comparison.objects.filter(project=project).order_by().values_list("state").annotate(n=Count("pk"))
    return CompareCounts(**dict(rows))


def compare_state(project: Project, rater: Rater | None) -> CompareState:
    """How it stands for one person; ``rater`` None is somebody who has not labelled here yet."""
    scopes = asked_scopes(project)
    counts = compare_counts(project) if scopes else CompareCounts()
    if not scopes:
        return CompareState(Standing.NOT_ASKED, counts)
    own = Comparison.objects.filter(holder=rater) if rater else Comparison.objects.none()
    slots = Comparison.objects.filter(project=project)
    now = clock.now()
    others = not_had(slots.filter(state=AssignmentState.HELD), rater, scopes)
    lapsed = others.filter(held_until__lte=now)
    waiting = others.filter(held_until__gt=now).order_by("held_until")
    free = not_had(slots.filter(state=AssignmentState.OPEN), rater, scopes)
    # Of two free slots of one pair a person gets one.
    found = {
        *free.order_by().values_list("pair", "lineup")[: COUNTED + 1],
        *lapsed.values_list("pair", "lineup"),
    }
    ends = list(waiting.values_list("held_until", flat=True))
    standing, detail = _standing(project, rater, own, counts, bool(found), bool(ends))
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
    project: Project,
    rater: Rater | None,
    own: QuerySet[Comparison],
    counts: CompareCounts,
    has_free: bool,
    has_waiting: bool,
) -> tuple[Standing, str]:
    if own.filter(state=AssignmentState.HELD).exists():
        return Standing.HOLDING, ""
    if rater is not None:
        rules = rules_of(project)
        seat = seat_of(rater, rules)
        if seat.reader.paused_at is not None:
            return Standing.PAUSED, seat.reader.pause_reason
        if is_locked_out(rules, seat):
            return Standing.EXAM, ""
    reasons = (
        (not counts.wanted, Standing.NOTHING_MADE),
        (has_free, Standing.READY),
        (has_waiting, Standing.HELD_BY_OTHERS),
        (counts.open + counts.held > 0, Standing.DONE_BY_YOU),
    )
    return next((standing for holds, standing in reasons if holds), Standing.ALL_SUBMITTED), ""
