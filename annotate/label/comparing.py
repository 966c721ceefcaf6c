"""What a person says about a pair or a lineup, all of it at once. The only writer of people's labels on those.

There are no drafts: the answers are written in the transaction that closes the comparison, and count from then on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext

from annotate.assign.compare.actions import finish_comparison, held_for_answering, return_comparison
from annotate.enums import AssignmentState, CriterionKind, Scope
from annotate.errors import Conflict, Rejected
from annotate.ingest.founding import freeze_rubric
from annotate.logbook import note
from annotate.models import Comparison, Criterion, Entrant, Label, Project, Reveal

from .answers import clean_compared, clean_seconds
from .completeness import Answer, Place, asked_places, first_missing
from .queries import question_of, rubric_criteria
from .writing import retire

LONGEST_REASON = 2000


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody answers to one question; without value and text it says nothing."""

    criterion_id: int
    value: str = ""
    text: str = ""
    seconds: float | None = None


def compared_criteria(project: Project, scope: Scope) -> tuple[Criterion, ...]:
    """The questions put to people about a pair, or about a lineup."""
    return tuple(
        one
        for one in rubric_criteria(project)
        if one.is_asked and one.scope == scope and one.kind != CriterionKind.GROUP
    )


def own_answers(comparison: Comparison) -> dict[int, Answer]:
    """What its holder has said last by the questions asked now, by criterion; nobody else's word is read.

    What they had said before it was sent back to them counts no more, and stands in their page.
    """
    said = Label.objects.filter(rater=comparison.holder_id, superseded_by=None, **comparison.subject)
    rows = said.filter(criterion__rubric=comparison.project.rubric_id).values_list(
        "criterion", "value", "text"
    )
    return {criterion: Answer(value, text) for criterion, value, text in rows}


@transaction.atomic
def submit_comparison(comparison: Comparison, token: int, choices: Sequence[Choice]) -> Comparison:
    """Write the answers and close the comparison; the same lease twice is the same submission.

    Raises Rejected, and writes nothing, while an answer is missing or cannot be taken (``field`` is the question's
    key), and Conflict where the lease has ended. Answers to what is not asked after all are left out.
    """
    try:
        current = held_for_answering(comparison, token)
    except Conflict:
        # A submission that arrives twice, its first answer lost on the way, is not the second one's fault.
        done = Comparison.objects.filter(pk=comparison.pk, token=token, holder=comparison.holder_id)
        if (found := done.filter(state=AssignmentState.SUBMITTED).first()) is not None:
            return found
        raise
    criteria = {one.pk: one for one in compared_criteria(comparison.project, current.scope)}
    said = _cleaned(current, criteria, choices)
    labels = _labels(current, comparison.project, criteria, said, _asked(criteria, said))
    standing = Label.objects.filter(rater=current.holder_id, superseded_by=None, **current.subject)
    earlier = dict(standing.filter(criterion__in=criteria).values_list("criterion", "pk"))
    for label in labels:
        label.supersedes_id = earlier.get(label.criterion_id)
    retire([label.supersedes_id for label in labels if label.supersedes_id])
    freeze_rubric(labels[0].criterion.rubric)
    Label.objects.bulk_create(labels)
    finish_comparison(current)
    return current


@transaction.atomic
def send_comparison_back(comparison: Comparison, reason: str) -> None:
    """Ask whoever made it to look again, and why. It counts no more until they submit it again.

    Nobody else is given it meanwhile. For reviewers; the logbook keeps the reason.
    """
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise Rejected(
            gettext("Say in at most %(most)s characters what should be looked at again.")
            % {"most": LONGEST_REASON},
            field="reason",
        )
    current = return_comparison(comparison, reason.strip())
    said = Label.objects.live().filter(rater=current.holder_id, **current.subject)
    retire(list(said.values_list("pk", flat=True)))
    note(
        "sent back",
        "comparison",
        project=current.project_id,
        subject=current.pk,
        after={**current.subject, "reason": reason.strip()},
    )


def _cleaned(
    current: Comparison, criteria: Mapping[int, Criterion], choices: Sequence[Choice]
) -> dict[int, Choice]:
    size = current.lineup.size if current.lineup is not None else 0
    said: dict[int, Choice] = {}
    for one in choices:
        criterion = criteria.get(one.criterion_id)
        if criterion is None:
            raise Rejected(
                gettext("This question is not in the rubric any more. Reload the page."), field="criterion"
            )
        if one.criterion_id in said:
            raise Rejected(
                gettext("%(criterion)s is answered twice.") % {"criterion": criterion}, field=criterion.key
            )
        if not one.value and not one.text.strip():
            continue
        try:
            value, text = clean_compared(criterion, one.value, one.text, size)
        except Rejected as refusal:
            raise Rejected(refusal.reason, field=criterion.key) from None
        said[criterion.pk] = Choice(criterion.pk, value, text, clean_seconds(one.seconds))
    return said


def _asked(criteria: Mapping[int, Criterion], said: Mapping[int, Choice]) -> list[Place]:
    """Where a question is asked, given the answers; raises Rejected while a required one is missing."""
    if not criteria:
        raise Conflict(gettext("The rubric asks people nothing about this any more."))
    questions = [question_of(one) for one in criteria.values()]
    answers: dict[Place, Answer] = {(pk, None): Answer(one.value, one.text) for pk, one in said.items()}
    missing = first_missing(questions, (), answers)
    if missing is not None:
        criterion = criteria[missing[0]]
        reason = (
            gettext("%(criterion)s still needs the reason in words.")
            if missing in answers
            else gettext("%(criterion)s still needs an answer.")
        )
        raise Rejected(reason % {"criterion": criterion}, field=criterion.key)
    asked = asked_places(questions, (), answers)
    if not any(place[0] in said for place in asked):
        raise Rejected(gettext("Nothing is answered yet."), field=next(iter(criteria.values())).key)
    return asked


def _labels(
    current: Comparison,
    project: Project,
    criteria: Mapping[int, Criterion],
    said: Mapping[int, Choice],
    asked: Sequence[Place],
) -> list[Label]:
    assert current.holder is not None
    has_seen = _has_seen_prelabels(current)
    return [
        Label(
            rater=current.holder,
            criterion=criteria[pk],
            pair_id=current.pair_id,
            lineup_id=current.lineup_id,
            value=said[pk].value,
            text=said[pk].text,
            seconds=said[pk].seconds,
            has_seen_prelabels=has_seen,
            evidence={"comparison": current.pk},
        )
        for pk, _ in asked
        if pk in said
    ]


def _has_seen_prelabels(current: Comparison) -> bool:
    """Whether the holder has been shown what machines say about one of the traces, from wherever."""
    assert current.holder is not None
    return Reveal.objects.filter(person=current.holder.person_id, trace__in=_traces(current)).exists()


def _traces(current: Comparison) -> list[int]:
    if current.lineup_id is not None:
        return list(Entrant.objects.filter(lineup=current.lineup_id).values_list("trace", flat=True))
    assert current.pair is not None
    pair = current.pair
    if pair.left_step is not None and pair.right_step is not None:
        return [pair.left_step.trace_id, pair.right_step.trace_id]
    return [pk for pk in (pair.left_trace_id, pair.right_trace_id) if pk is not None]
