"""Pairs and lineups with a known answer, given in between the others: to each person in an order of their own."""

from __future__ import annotations

from hashlib import sha256

from django.db import IntegrityError, transaction
from django.db.models import Max

from annotate.assign.claims import gold_secret, is_gold_due
from annotate.assign.rules import QueueRules
from annotate.enums import AssignmentState, Purpose, Scope
from annotate.models import Comparison, Lineup, Pair, Project, Rater

from .queries import comparable, not_had, things_not_had

# Among so many slots next in line, the one with the lowest number lends it to what has a known answer.
NEAR = 50
# Two people who open slots of one gold pair at once: the later one takes the next number.
ATTEMPTS = 5


def is_due(project: Project, rater: Rater, rules: QueueRules) -> bool:
    """Whether what somebody compares next has a known answer, by the rate that holds for traces too."""
    if rules.gold_rate <= 0:
        return False
    over = (AssignmentState.SUBMITTED, AssignmentState.SKIPPED)
    done = Comparison.objects.filter(holder=rater, state__in=over).count()
    return is_gold_due(rules.gold_rate, done, gold_secret(project, rater, "comparisons"))


def gold_slot(project: Project, rater: Rater, scopes: frozenset[Scope]) -> Comparison | None:
    """A slot, locked, of something with a known answer that the person has not had; to be taken by the caller."""
    thing = _thing(project, rater, scopes)
    if thing is None:
        return None
    slots = Comparison.objects.filter(**about(thing))
    left = slots.filter(state=AssignmentState.OPEN, purpose=Purpose.GOLD)
    found = left.select_for_update(skip_locked=True, of=("self",)).first()
    return found or _swapped_in(project, rater, scopes, thing) or _opened(project, thing)


def about(thing: Pair | Lineup) -> dict[str, int]:
    """The lookup that finds all about it, as :attr:`Comparison.subject`."""
    return {"lineup_id": thing.pk} if isinstance(thing, Lineup) else {"pair_id": thing.pk}


def _thing(project: Project, rater: Rater, scopes: frozenset[Scope]) -> Pair | Lineup | None:
    known: list[Pair | Lineup] = []
    if Scope.PAIR in scopes:
        pairs = comparable(project.pairs.filter(use=Purpose.GOLD), Scope.PAIR)
        known += things_not_had(pairs, rater, "pair")
    if Scope.LINEUP in scopes:
        lineups = comparable(project.lineups.filter(use=Purpose.GOLD), Scope.LINEUP)
        known += things_not_had(lineups, rater, "lineup")
    secret = gold_secret(project, rater, "comparisons")
    return min(known, key=lambda one: sha256(f"{secret}:{one.external_id}".encode()).digest(), default=None)


def _swapped_in(
    project: Project, rater: Rater, scopes: frozenset[Scope], thing: Pair | Lineup
) -> Comparison | None:
    """A slot under the number of an ordinary one that nobody has had, which gets a new number.

    An address is the number of its comparison; one made just now would stand out from those that were made together.
    """
    fresh = Comparison.objects.filter(
        project=project, state=AssignmentState.OPEN, purpose=Purpose.WORK, token=0
    )
    near = list(
        not_had(fresh, rater, scopes).order_by("luck", "slot", "pk").values_list("pk", flat=True)[:NEAR]
    )
    if not near:
        return None
    rows = Comparison.objects.select_for_update(skip_locked=True, of=("self",))
    slot = rows.filter(pk=min(near), state=AssignmentState.OPEN, purpose=Purpose.WORK, token=0).first()
    if slot is None:
        return None
    moved = Comparison(
        project=project,
        pair_id=slot.pair_id,
        lineup_id=slot.lineup_id,
        slot=slot.slot,
        luck=slot.luck,
        skill=slot.skill,
    )
    slot.pair_id = slot.lineup_id = None
    for name, pk in about(thing).items():
        setattr(slot, name, pk)
    slot.slot, slot.purpose, slot.skill = _next_number(thing), Purpose.GOLD, ""
    try:
        with transaction.atomic():
            slot.save(update_fields=["pair", "lineup", "slot", "purpose", "skill"])
    except IntegrityError:  # somebody else opens one of the same at this moment
        return None
    moved.save()
    return slot


def _opened(project: Project, thing: Pair | Lineup) -> Comparison:
    for attempt in range(ATTEMPTS):
        try:
            with transaction.atomic():
                return Comparison.objects.create(
                    project=project, slot=_next_number(thing), luck=0, purpose=Purpose.GOLD, **about(thing)
                )
        except IntegrityError:
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError


def _next_number(thing: Pair | Lineup) -> int:
    newest = Comparison.objects.filter(**about(thing)).aggregate(newest=Max("slot"))["newest"]
    return 0 if newest is None else newest + 1
