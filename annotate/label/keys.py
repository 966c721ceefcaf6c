"""What managers say is the known answer about a pair or a lineup. The only writer of such keys.

A key is a label by a rater of kind gold, as one that came with a file is: it is revised, taken back and kept like every
label. Whoever made it stands in ``decided_by``, so that they are never asked about it, and where they know it from is
its text.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext

from annotate.assign.actions import rater_of
from annotate.assign.compare.answers import Answered, key_in
from annotate.enums import CriterionKind, RaterKind, Scope
from annotate.errors import Rejected
from annotate.models import Criterion, Label, Lineup, Pair, Person, Project, Rater

from .answers import Said
from .comparing import compared_criteria
from .decisions import write_decision

KEY = "gold/manager"
Thing = Pair | Lineup


def scope_of(thing: Thing) -> Scope:
    return Scope.LINEUP if isinstance(thing, Lineup) else Scope.PAIR


def subject_of(thing: Thing) -> dict[str, Thing]:
    """What a label about it is about, as its fields say it."""
    return {scope_of(thing).value: thing}


def decidable_questions(project: Project, scope: Scope) -> tuple[Criterion, ...]:
    """The questions about pairs, or lineups, between whose answers one can decide; words have none."""
    asked = compared_criteria(project, scope)
    return tuple(one for one in asked if one.kind == CriterionKind.RANKING or one.levels.all())


def key_rater(project: Project) -> Rater:
    """The rater that holds what managers know. A rater of that name that came with a file is somebody else."""
    is_taken = Rater.objects.filter(project=project, name=KEY).exclude(kind=RaterKind.GOLD).exists()
    name = f"{KEY}#{project.pk}" if is_taken else KEY
    rater, _ = Rater.objects.get_or_create(
        project=project, name=name, defaults={"kind": RaterKind.GOLD, "is_simulated": False}
    )
    return rater


@transaction.atomic
def write_key(thing: Thing, person: Person, said: Sequence[Said], *, source: str) -> None:
    """Note the known answers about it, all or none; an answer of before that is not among them is taken back.

    Raises Rejected where nothing is said that an answer could be held against, or no ``source`` is.
    """
    if not source.strip():
        raise Rejected(gettext("Say where the answer is known from."), field="source")
    type(thing)._default_manager.select_for_update(no_key=True).get(pk=thing.pk)
    desk, maker = key_rater(thing.project), rater_of(thing.project, person)
    questions = {one.pk: one for one in decidable_questions(thing.project, scope_of(thing))}
    given = {one.criterion_id: one for one in said if one.value}
    if unknown := given.keys() - questions.keys():
        raise Rejected(gettext("This is no question about it: %(n)s.") % {"n": unknown}, field="criterion")
    _require_a_side(thing, desk, [questions[pk] for pk in given], given)
    for pk, criterion in questions.items():
        rows = list(Label.objects.filter(rater=desk, criterion=criterion, **subject_of(thing)).order_by("pk"))
        value = given[pk].value if pk in given else ""
        one = Said(pk, None, value, source.strip(), is_cleared=not value)
        write_decision(desk, maker, criterion, one, rows, (), subject_of(thing), noun="key")


def keys_on(thing: Thing) -> QuerySet[Label]:
    """What is known about it by the questions asked now, whoever knows it."""
    found = Label.objects.live().filter(rater__kind=RaterKind.GOLD, **subject_of(thing))
    return found.filter(criterion__rubric=thing.project.rubric_id).select_related(
        "rater", "decided_by", "criterion"
    )


def _require_a_side(thing: Thing, desk: Rater, asked: Sequence[Criterion], given: dict[int, Said]) -> None:
    size = thing.size if isinstance(thing, Lineup) else 0
    answers = [Answered(desk.pk, one, given[one.pk].value, size) for one in asked]
    if not key_in(answers):
        raise Rejected(
            gettext(
                "Nothing could be held against this: say which is better, and not unsure or all the same."
            ),
            field="value",
        )
