"""What follows when a comparison is submitted: one more where people differ, a score where the answer is known.

All of it in the transaction that submits, with every slot of the pair or lineup locked, so that it is exact whoever
else submits at the same moment.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet

from annotate.assign.finishing import watch
from annotate.assign.readers import locked_seat
from annotate.assign.readings import agreement_with_key, is_in_dispute
from annotate.assign.rules import QueueRules, rules_of
from annotate.enums import AssignmentState, Purpose, RaterKind
from annotate.models import Comparison, Label, Lineup, Pair
from annotate.models.label import LabelQuerySet

from .answers import Answered, by_place, key_in, said_in
from .queries import UNSUBMITTED


def follow_comparison(current: Comparison) -> None:
    """Everything that a submitted comparison, saved, with its answers written, changes besides itself."""
    rules = rules_of(current.project)
    if current.purpose == Purpose.GOLD:
        _measure(current, rules)
    elif current.purpose == Purpose.WORK:
        _grow(current, rules)


def use_of(current: Comparison) -> str:
    """What the pair or lineup is used for now, which may be other than what this comparison of it is for."""
    things: QuerySet[Any] = Lineup.objects.all() if current.lineup_id else Pair.objects.all()
    return str(things.values_list("use", flat=True).get(pk=current.lineup_id or current.pair_id))


def add_slot(like: Comparison) -> None:
    """One more open slot of what ``like`` compares, unless filling adds it at this very moment."""
    about: dict[str, Any] = {**like.subject}
    newest = Comparison.objects.filter(**about).aggregate(newest=Max("slot"))["newest"]
    try:
        with transaction.atomic():
            Comparison.objects.create(
                project_id=like.project_id,
                slot=newest + 1,
                luck=like.luck,
                skill=like.skill,
                **about,
            )
    except IntegrityError:
        # Two who submit take turns at the slots' locks; only filling, which knows what is wanted, needs none of them.
        return


def _grow(current: Comparison, rules: QueueRules) -> None:
    slots = Comparison.objects.filter(**current.subject, purpose=Purpose.WORK)
    if not rules.grow_to or slots.filter(state__in=UNSUBMITTED).exists():
        return
    people = list(slots.filter(state=AssignmentState.SUBMITTED).values_list("holder", flat=True))
    if len(people) >= rules.grow_to:
        return
    said = said_in(_answered(current, Label.objects.filter(rater__in=people)))
    # There is no first error in a comparison.
    when = "no_majority" if rules.grow_when == "first_error" else rules.grow_when
    if is_in_dispute(when, said, most_share=rules.grow_share) and use_of(current) == Purpose.WORK:
        add_slot(current)


def _measure(current: Comparison, rules: QueueRules) -> None:
    """Hold it against the key, and pause whoever is out of bounds. The reader's row is locked after the slots'."""
    assert current.holder is not None
    gold = _answered(current, Label.objects.filter(rater__kind=RaterKind.GOLD))
    own = said_in(_answered(current, Label.objects.filter(rater=current.holder)))
    current.score = agreement_with_key(by_place(own), key_in(gold))
    current.save(update_fields=["score"])
    if rules.pause_below_accuracy:
        watch(locked_seat(current.holder, rules).reader, rules)


def _answered(current: Comparison, labels: LabelQuerySet) -> Iterable[Answered]:
    """What these labels say about what is compared, by the questions asked now."""
    size = current.lineup.size if current.lineup is not None else 0
    standing = labels.live().filter(
        **current.subject, criterion__rubric=current.project.rubric_id, criterion__is_asked=True
    )
    for label in standing.select_related("criterion").prefetch_related("criterion__levels"):
        yield Answered(label.rater_id, label.criterion, label.value, size)
