"""Pairs and lineups on which people differ, laid out for reviewers, and what those decide. Not for annotators."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, Max, Min, QuerySet
from django.utils.translation import gettext, ngettext

from annotate.assign.actions import rater_of
from annotate.enums import COMPARED, AssignmentState, Purpose, RaterKind, Scope
from annotate.errors import Rejected
from annotate.models import Comparison, Criterion, Label, Person, Project

from .answers import Said, Written
from .comparing import compared_criteria
from .decisions import Reading, desk_of, write_decision
from .history import BESIDE, Event, event_of
from .keys import Thing, decidable_questions, scope_of, subject_of
from .review import Heard, Matter, Readers
from .review_queue import Show

# What is compared, by its kind and key.
Name = tuple[Scope, int]


@dataclass(frozen=True, slots=True)
class ComparedWaiting:
    """A pair or lineup on which people differ: by ``n_disputed`` questions, ``n_open`` of them undecided."""

    scope: Scope
    pk: int
    n_disputed: int
    n_open: int

    @property
    def name(self) -> Name:
        return self.scope, self.pk


@dataclass(frozen=True, slots=True)
class ComparedReview:
    """A pair or lineup laid out for its reviewer. ``seen`` is its newest decision, for telling later ones apart."""

    thing: Thing
    matters: tuple[Matter, ...]
    seen: int

    @property
    def is_heard(self) -> bool:
        """Whether anybody has said anything."""
        return any(matter.heard for matter in self.matters)

    @property
    def n_disputed(self) -> int:
        return sum(matter.is_disputed for matter in self.matters)

    @property
    def n_open(self) -> int:
        return sum(matter.is_open for matter in self.matters)


def is_reviewed(project: Project) -> bool:
    """Whether the rubric asks anything about pairs or lineups that can be decided."""
    return any(decidable_questions(project, scope) for scope in COMPARED)


def compared_review_queue(
    project: Project, *, show: Show = Show.OPEN, scopes: Sequence[Scope] = COMPARED
) -> list[ComparedWaiting]:
    """What there is to review, those with most open disagreements first."""
    rows = [row for scope in scopes for row in _waiting(project, scope)]
    wanted = [row for row in rows if (row.n_open > 0) == (show is Show.OPEN)]
    return sorted(wanted, key=lambda row: (-row.n_open, -row.n_disputed, row.scope, row.pk))


def _waiting(project: Project, scope: Scope) -> list[ComparedWaiting]:
    criteria = decidable_questions(project, scope)
    if not criteria:
        return []
    decided = set(
        Label.objects.decisions()
        .filter(rater__project=project, criterion__in=criteria, **{f"{scope.value}__isnull": False})
        .values_list(scope.value, "criterion")
    )
    differ = (
        _said(project, scope, criteria)
        .order_by()
        .values(scope.value, "criterion")
        .annotate(lowest=Min("value"), highest=Max("value"))
        .filter(lowest__lt=F("highest"))
        .values_list(scope.value, "criterion")
    )
    disputed: Counter[int] = Counter()
    still_open: Counter[int] = Counter()
    for thing, criterion in differ.iterator(chunk_size=10_000):
        disputed[thing] += 1
        still_open[thing] += (thing, criterion) not in decided
    return [ComparedWaiting(scope, pk, n, still_open[pk]) for pk, n in disputed.items()]


def next_compared(queue: Sequence[ComparedWaiting], thing: Thing, person: Person) -> Name | None:
    """What comes after this one, in a queue read before it was decided; nothing that the person compares."""
    places = [row.name for row in queue]
    here = (scope_of(thing), thing.pk)
    after = places[places.index(here) + 1 :] if here in places else places
    held = Comparison.objects.filter(
        project=thing.project_id, holder__person=person, state=AssignmentState.HELD
    )
    own = {(one.scope, one.lineup_id or one.pair_id) for one in held}
    return next((name for name in after if name not in own), None)


def nothing_compared_because(project: Project) -> str:
    """One sentence on why no disagreement about pairs or lineups waits."""
    if not is_reviewed(project):
        return gettext("The rubric asks people nothing about pairs or lineups that could be decided.")
    if compared_review_queue(project, show=Show.DECIDED):
        return gettext("Every disagreement about what is compared is decided.")
    n = 0
    for scope in COMPARED:
        said = _said(project, scope, decidable_questions(project, scope)).order_by()
        places = said.values(scope.value, "criterion").annotate(lowest=Min("rater"), highest=Max("rater"))
        n += places.filter(lowest__lt=F("highest")).count()
    if not n:
        return gettext("Nothing has been compared by two people yet, so there is nothing to decide between.")
    told = ngettext(
        "People agree at the one place that two or more of them have compared.",
        "People agree at all %(n)d places that two or more of them have compared.",
        n,
    )
    return told % {"n": n}


def compared_review_of(thing: Thing) -> ComparedReview:
    """Every question about it, with what each person has said and what was decided."""
    said: dict[int, list[Label]] = defaultdict(list)
    for label in _people_on(thing):
        said[label.criterion_id].append(label)
    readers = Readers(thing, [label.rater for labels in said.values() for label in labels])
    rows = decisions_ever(thing)
    decided = {label.criterion_id: label for label in rows if label.is_live}
    matters = []
    for criterion in compared_criteria(thing.project, scope_of(thing)):
        decision = decided.get(criterion.pk)
        in_order = sorted(said[criterion.pk], key=lambda label: readers.number(label.rater))
        names = (readers.name(one.rater, is_decided=decision is not None) for one in in_order)
        heard = tuple(Heard(name, one) for name, one in zip(names, in_order, strict=True))
        matters.append(Matter(criterion, None, heard, decision))
    return ComparedReview(thing, tuple(matters), max((label.pk for label in rows), default=0))


def comparisons_of(review: ComparedReview) -> list[tuple[Comparison, str]]:
    """What people have submitted of it, or have back, under the names they may be shown by."""
    slots = Comparison.objects.filter(
        **subject_of(review.thing),
        purpose=Purpose.WORK,
        state__in=(AssignmentState.SUBMITTED, AssignmentState.RETURNED),
    )
    found = [(one, one.holder) for one in slots.select_related("holder__person", "project") if one.holder]
    said = [one.label.rater for matter in review.matters for one in matter.heard]
    readers = Readers(review.thing, [*said, *(holder for _, holder in found)])
    is_decided = bool(review.matters) and not review.n_open and any(one.decision for one in review.matters)
    found.sort(key=lambda one: readers.number(one[1]))
    return [(one, readers.name(holder, is_decided=is_decided)) for one, holder in found]


def events_about(review: ComparedReview, *, with_keys: bool) -> list[Event]:
    """What people ever said about it, in its order; readers have names only once it is decided.."""
    kinds = [RaterKind.PERSON, RaterKind.REVIEW, *([RaterKind.GOLD] if with_keys else [])]
    rows = Label.objects.filter(**subject_of(review.thing), rater__kind__in=kinds)
    found = list(rows.select_related(*BESIDE).order_by("pk"))
    readers = Readers(review.thing, [row.rater for row in found if row.rater.kind == RaterKind.PERSON])
    decided = {matter.criterion.pk for matter in review.matters if matter.decision}
    return [event_of(row, _who(row, readers, row.criterion_id in decided)) for row in found]


def _who(label: Label, readers: Readers, is_decided: bool) -> str:
    if label.decided_by is not None:
        return label.decided_by.name
    if label.rater.kind != RaterKind.PERSON:
        return label.rater.name
    return readers.name(label.rater, is_decided=is_decided)


def decisions_about(thing: Thing) -> list[Label]:
    """What stands decided about it."""
    return [label for label in decisions_ever(thing) if label.is_live]


@transaction.atomic
def decide_compared(thing: Thing, person: Person, said: Sequence[Said]) -> list[Written]:
    """Write some decisions about it, each by itself; as :func:`annotate.label.decisions.decide` does for traces."""
    # Two reviewers of one pair, or of one lineup, take turns here.
    type(thing)._default_manager.select_for_update(no_key=True).get(pk=thing.pk)
    desk, reviewer = desk_of(thing.project), rater_of(thing.project, person)
    criteria = {one.pk: one for one in decidable_questions(thing.project, scope_of(thing))}
    readings: dict[int, list[Reading]] = defaultdict(list)
    for label in _people_on(thing):
        readings[label.criterion_id].append(Reading(label.pk, label.value))
    rows: dict[int, list[Label]] = defaultdict(list)
    for label in decisions_ever(thing):
        rows[label.criterion_id].append(label)
    written = []
    for one in said:
        try:
            criterion = criteria.get(one.criterion_id)
            if criterion is None or one.position is not None or one.candidate is not None:
                raise Rejected(
                    gettext("This is no question of the project's rubric about it that can be decided."),
                    field="criterion",
                )
            there = (rows[criterion.pk], readings[criterion.pk])
            written.append(write_decision(desk, reviewer, criterion, one, *there, subject_of(thing)))
        except Rejected as refusal:
            written.append(Written(refusal=refusal))
    return written


def _said(project: Project, scope: Scope, criteria: Sequence[Criterion]) -> QuerySet[Label]:
    people = list(project.raters.filter(kind=RaterKind.PERSON).values_list("pk", flat=True))
    said = Label.objects.live().unmeasured().filter(rater__in=people, criterion__in=criteria)
    return said.filter(**{f"{scope.value}__isnull": False})


def _people_on(thing: Thing) -> QuerySet[Label]:
    found = Label.objects.live().unmeasured().filter(rater__kind=RaterKind.PERSON, **subject_of(thing))
    return found.select_related("rater__person", "criterion").order_by("pk")


def decisions_ever(thing: Thing) -> list[Label]:
    """Every decision ever made about it, oldest first."""
    found = Label.objects.filter(rater__kind=RaterKind.REVIEW, **subject_of(thing))
    return list(found.select_related("rater", "decided_by", "criterion").order_by("pk"))
