"""Pairs on which people differ, laid out for reviewers, and what those decide. Not for annotators."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, Max, Min, QuerySet
from django.utils.translation import gettext, ngettext

from annotate.assign.actions import rater_of
from annotate.enums import AssignmentState, RaterKind, Scope
from annotate.errors import Rejected
from annotate.models import Comparison, Criterion, Label, Pair, Person, Project

from .answers import Said, Written
from .comparing import compared_criteria
from .decisions import Reading, desk_of, write_decision
from .review import Heard, Matter, Readers
from .review_queue import Show


@dataclass(frozen=True, slots=True)
class PairWaiting:
    """A pair on which people differ: by ``n_disputed`` questions, ``n_open`` of them undecided."""

    pair_id: int
    n_disputed: int
    n_open: int


@dataclass(frozen=True, slots=True)
class PairReview:
    """A pair laid out for its reviewer. ``seen`` is its newest decision, for telling later ones apart."""

    pair: Pair
    matters: tuple[Matter, ...]
    seen: int

    @property
    def n_disputed(self) -> int:
        return sum(matter.is_disputed for matter in self.matters)

    @property
    def n_open(self) -> int:
        return sum(matter.is_open for matter in self.matters)


def decidable_pair_criteria(project: Project) -> tuple[Criterion, ...]:
    """The questions about pairs that have levels; words have none to decide between."""
    return tuple(one for one in compared_criteria(project, Scope.PAIR) if one.levels.all())


def pair_review_queue(project: Project, *, show: Show = Show.OPEN) -> list[PairWaiting]:
    """The pairs to review, those with most open disagreements first."""
    criteria = decidable_pair_criteria(project)
    decided = set(
        Label.objects.decisions()
        .filter(rater__project=project, criterion__in=criteria, pair__isnull=False)
        .values_list("pair", "criterion")
    )
    differ = (
        _said_of_pairs(project, criteria)
        .order_by()
        .values("pair", "criterion")
        .annotate(lowest=Min("value"), highest=Max("value"))
        .filter(lowest__lt=F("highest"))
        .values_list("pair", "criterion")
    )
    disputed: Counter[int] = Counter()
    still_open: Counter[int] = Counter()
    for pair, criterion in differ.iterator(chunk_size=10_000):
        disputed[pair] += 1
        still_open[pair] += (pair, criterion) not in decided
    rows = [PairWaiting(pk, n, still_open[pk]) for pk, n in disputed.items()]
    wanted = [row for row in rows if (row.n_open > 0) == (show is Show.OPEN)]
    return sorted(wanted, key=lambda row: (-row.n_open, -row.n_disputed, row.pair_id))


def next_pair(queue: Sequence[PairWaiting], pair: Pair, person: Person) -> int | None:
    """The pair after this one, in a queue read before this one was decided; none that the person compares."""
    places = [row.pair_id for row in queue]
    after = places[places.index(pair.pk) + 1 :] if pair.pk in places else places
    held = Comparison.objects.filter(
        project=pair.project_id, holder__person=person, state=AssignmentState.HELD
    )
    own = set(held.values_list("pair", flat=True))
    return next((pk for pk in after if pk not in own), None)


def no_pair_because(project: Project) -> str:
    """One sentence on why no disagreement about pairs waits."""
    criteria = decidable_pair_criteria(project)
    if not criteria:
        return gettext("The rubric asks people nothing about pairs that has levels to decide between.")
    if pair_review_queue(project, show=Show.DECIDED):
        return gettext("Every disagreement about a pair is decided.")
    compared = _said_of_pairs(project, criteria).order_by().values("pair", "criterion")
    n = compared.annotate(lowest=Min("rater"), highest=Max("rater")).filter(lowest__lt=F("highest")).count()
    if not n:
        return gettext("No pair has been compared by two people yet, so there is nothing to decide between.")
    said = ngettext(
        "People agree about the one pair that two or more of them have compared.",
        "People agree at all %(n)d places of pairs that two or more of them have compared.",
        n,
    )
    return said % {"n": n}


def pair_review_of(pair: Pair) -> PairReview:
    """Every question about the pair, with what each person has said and what was decided."""
    said: dict[int, list[Label]] = defaultdict(list)
    for label in _people_on(pair):
        said[label.criterion_id].append(label)
    readers = Readers(pair, [label.rater for labels in said.values() for label in labels])
    rows = _decisions_ever(pair)
    decided = {label.criterion_id: label for label in rows if label.is_live}
    matters = []
    for criterion in compared_criteria(pair.project, Scope.PAIR):
        decision = decided.get(criterion.pk)
        in_order = sorted(said[criterion.pk], key=lambda label: readers.number(label.rater))
        names = (readers.name(one.rater, is_decided=decision is not None) for one in in_order)
        heard = tuple(Heard(name, one) for name, one in zip(names, in_order, strict=True))
        matters.append(Matter(criterion, None, heard, decision))
    return PairReview(pair, tuple(matters), max((label.pk for label in rows), default=0))


def decisions_on_pair(pair: Pair) -> list[Label]:
    """What stands decided about the pair."""
    return [label for label in _decisions_ever(pair) if label.is_live]


@transaction.atomic
def decide_pair(pair: Pair, person: Person, said: Sequence[Said]) -> list[Written]:
    """Write some decisions about a pair, each by itself; as :func:`annotate.label.decisions.decide` does for traces."""
    # Two reviewers of one pair take turns here.
    Pair.objects.select_for_update(no_key=True).get(pk=pair.pk)
    desk, reviewer = desk_of(pair.project), rater_of(pair.project, person)
    criteria = {one.pk: one for one in decidable_pair_criteria(pair.project)}
    readings: dict[int, list[Reading]] = defaultdict(list)
    for label in _people_on(pair):
        readings[label.criterion_id].append(Reading(label.pk, label.value))
    rows: dict[int, list[Label]] = defaultdict(list)
    for label in _decisions_ever(pair):
        rows[label.criterion_id].append(label)
    written = []
    for one in said:
        try:
            criterion = criteria.get(one.criterion_id)
            if criterion is None or one.position is not None:
                raise Rejected(
                    gettext("This is no question of the project's rubric about pairs that can be decided."),
                    field="criterion",
                )
            there = (rows[criterion.pk], readings[criterion.pk])
            written.append(write_decision(desk, reviewer, criterion, one, *there, {"pair": pair}))
        except Rejected as refusal:
            written.append(Written(refusal=refusal))
    return written


def _said_of_pairs(project: Project, criteria: Sequence[Criterion]) -> QuerySet[Label]:
    people = list(project.raters.filter(kind=RaterKind.PERSON).values_list("pk", flat=True))
    return Label.objects.live().filter(rater__in=people, criterion__in=criteria, pair__isnull=False)


def _people_on(pair: Pair) -> QuerySet[Label]:
    found = Label.objects.live().filter(pair=pair, rater__kind=RaterKind.PERSON)
    return found.select_related("rater__person", "criterion").order_by("pk")


def _decisions_ever(pair: Pair) -> list[Label]:
    """Every decision ever made about the pair, oldest first."""
    found = Label.objects.filter(pair=pair, rater__kind=RaterKind.REVIEW)
    return list(found.select_related("rater", "decided_by", "criterion").order_by("pk"))
