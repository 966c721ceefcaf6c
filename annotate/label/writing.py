"""How a person's answers become rows: which are new, which are there already, and which would go over another's.

For :mod:`annotate.label.actions`, which holds the lease and the transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from django.db.models import Q

from annotate.enums import Scope
from annotate.errors import Rejected
from annotate.ingest.founding import freeze_rubric
from annotate.models import Assignment, Criterion, Label, Step

from .answers import Said, Written, clean_answer, clean_seconds
from .completeness import Place
from .queries import asked_criteria, reader_of


def write(held: Assignment, said: Sequence[Said]) -> list[Written]:
    """Write some answers into an assignment from :func:`held_for_writing`; see :func:`actions.save_answers`."""
    written: list[Written] = []
    # What this sender has said at a place in this very request, it has also seen there.
    known: dict[Place, int] = {}
    for some in _once_per_place(said):
        outcome = _write_places(held, some, known)
        known |= {
            one.place: w.label_id for one, w in zip(some, outcome, strict=True) if w.label_id is not None
        }
        written += outcome
    return written


def _once_per_place(said: Sequence[Said]) -> Iterator[list[Said]]:
    """Cut the sequence so that no part speaks of one place twice."""
    some: list[Said] = []
    places: set[Place] = set()
    for one in said:
        if one.place in places:
            yield some
            some, places = [], set()
        some.append(one)
        places.add(one.place)
    if some:
        yield some


def _write_places(held: Assignment, said: Sequence[Said], known: dict[Place, int]) -> list[Written]:
    reader = reader_of(held)
    criteria = {criterion.pk: criterion for criterion in asked_criteria(held.project)}
    positions = {one.position for one in said if one.position is not None}
    steps = dict(
        Step.objects.filter(trace_id=held.trace_id, position__in=positions).values_list("position", "pk")
    )
    history = _history(held, criteria, steps)
    outcome: list[Written | Label] = []
    retired: list[int] = []
    for one in said:
        try:
            criterion = _criterion_for(held, one, criteria, steps)
            value, text = ("", "") if one.is_cleared else clean_answer(criterion, one.value, one.text)
            seconds = clean_seconds(one.seconds)
        except Rejected as refusal:
            outcome.append(Written(refusal=refusal))
            continue
        rows = history.get(one.place, [])
        standing = next((row for row in rows if row.is_live), None)
        settled = _settled(one, value, text, rows, standing, held, known.get(one.place, one.seen))
        if settled is not None:
            outcome.append(settled)
            continue
        if standing is not None:
            retired.append(standing.pk)
        outcome.append(
            Label(
                rater=reader,
                criterion=criterion,
                step_id=None if one.position is None else steps[one.position],
                trace_id=held.trace_id if one.position is None else None,
                assignment=held,
                value=value,
                text=text,
                seconds=seconds,
                is_live=not one.is_cleared,
                evidence={"key": one.key} if one.key else {},
                supersedes=standing,
            )
        )
    new = [row for row in outcome if isinstance(row, Label)]
    if retired:
        retire(retired)
    if new:
        freeze_rubric(new[0].criterion.rubric)
        Label.objects.bulk_create(new)
    return [Written(row.pk) if isinstance(row, Label) else row for row in outcome]


def _settled(
    one: Said,
    value: str,
    text: str,
    rows: Sequence[Label],
    standing: Label | None,
    held: Assignment,
    seen: int | None,
) -> Written | None:
    """What becomes of a saying that writes nothing: it is there already, or another one came before it."""
    if one.key and (twin := next((row for row in rows if row.evidence.get("key") == one.key), None)):
        return Written(twin.pk)
    if standing is None and one.is_cleared:
        return Written()
    # Labels a person has from elsewhere (an import, a slot they lost) are superseded, not taken for this slot's.
    is_here = standing is not None and standing.assignment_id == held.pk
    if (
        standing is not None
        and is_here
        and not one.is_cleared
        and (standing.value, standing.text) == (value, text)
    ):
        return Written(standing.pk)
    newest = max((row.pk for row in rows if row.assignment_id == held.pk), default=0)
    if seen is not None and newest > seen:
        stands = standing if is_here else None
        return Written(newest, True, stands.value if stands else "", stands.text if stands else "")
    return None


def _history(held: Assignment, criteria: Iterable[int], steps: dict[int, int]) -> dict[Place, list[Label]]:
    """Every row of the holder at these places, oldest first."""
    position_of = {pk: position for position, pk in steps.items()}
    rows = (
        Label.objects.filter(Q(step__in=position_of) | Q(trace=held.trace_id), rater=reader_of(held))
        .filter(criterion__in=criteria)
        .only("criterion_id", "step_id", "assignment_id", "value", "text", "is_live", "evidence")
        .order_by("pk")
    )
    history: dict[Place, list[Label]] = {}
    for row in rows:
        position = None if row.step_id is None else position_of[row.step_id]
        history.setdefault((row.criterion_id, position), []).append(row)
    return history


def _criterion_for(
    held: Assignment, one: Said, criteria: dict[int, Criterion], steps: dict[int, int]
) -> Criterion:
    criterion = criteria.get(one.criterion_id)
    if criterion is None:
        raise Rejected("This question is not in the rubric any more. Reload the page.", field="criterion")
    if criterion.scope == Scope.STEP and one.position is None:
        raise Rejected(f"{criterion} needs a step of this trace.", field="step")
    if criterion.scope == Scope.TRACE and one.position is not None:
        raise Rejected(f"{criterion} is about this trace as a whole.", field="trace")
    if one.position is not None and one.position not in steps:
        raise Rejected(f"This trace has {held.trace.n_steps} steps.", field="position")
    return criterion


def retire(ids: Sequence[int]) -> None:
    """Let these labels stand no longer."""
    Label.objects.filter(pk__in=ids).update(is_live=False)
