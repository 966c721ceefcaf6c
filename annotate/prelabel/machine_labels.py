"""From a strategy's opinions to label rows. Part of ``actions``, which owns the transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from annotate.enums import Scope
from annotate.errors import Rejected
from annotate.ingest.founding import freeze_rubric
from annotate.models import Criterion, Label, Rater, Run, Step, Trace

from .contracts import Opinion
from .rows import storable_json, storable_text

_FACTS = ("value", "score", "text", "distribution", "evidence")


def write_machine_labels(
    rater: Rater, criterion: Criterion, trace: Trace, opinions: Sequence[Opinion], *, run: Run | None = None
) -> int:
    """Make ``opinions`` all that ``rater`` says about ``trace`` by ``criterion``; the number of rows written.

    An opinion that stands already, in every fact, is left alone; a changed one supersedes; what the rater no longer
    says is taken back, so that the labels of one trace never mix two findings. To be called inside a transaction.
    Raises Rejected for a level or a place the criterion or the trace does not have.
    """
    drafts = _drafts(rater, criterion, trace, opinions, run)
    live = {label.step_id: label for label in _live(rater, criterion, trace)}
    changed = [draft for draft in drafts if not _stands(draft, live.get(draft.step_id))]
    unsaid = live.keys() - {draft.step_id for draft in drafts}
    retired = [live[step_id].pk for step_id in unsaid]
    for draft in changed:
        draft.supersedes = live.get(draft.step_id)
        if draft.supersedes is not None:
            retired.append(draft.supersedes.pk)
    if retired:
        Label.objects.filter(pk__in=retired).update(is_live=False)
    if changed:
        freeze_rubric(criterion.rubric)
        Label.objects.bulk_create(changed)
    return len(changed)


def _live(rater: Rater, criterion: Criterion, trace: Trace) -> Iterable[Label]:
    labels = Label.objects.live().filter(rater=rater, criterion=criterion)
    return labels.filter(step__trace=trace) if criterion.scope == Scope.STEP else labels.filter(trace=trace)


def _stands(draft: Label, label: Label | None) -> bool:
    return label is not None and all(getattr(draft, fact) == getattr(label, fact) for fact in _FACTS)


def _drafts(
    rater: Rater, criterion: Criterion, trace: Trace, opinions: Sequence[Opinion], run: Run | None
) -> list[Label]:
    levels = {level.key for level in criterion.levels.all()}
    steps = {step.position: step for step in trace.steps.all()}
    places = [opinion.position for opinion in opinions]
    if len(set(places)) != len(places):
        raise Rejected("the strategy spoke twice about one place", field="position")
    drafts = []
    for opinion in opinions:
        if opinion.value not in levels:
            raise Rejected(f"{criterion} has no level {opinion.value!r}.", field="value")
        target = _target(criterion, trace, steps, opinion.position)
        drafts.append(
            Label(
                rater=rater, criterion=criterion, run=run, value=opinion.value, **target, **_extras(opinion)
            )
        )
    return drafts


def _target(
    criterion: Criterion, trace: Trace, steps: dict[int, Step], position: int | None
) -> dict[str, Step | Trace]:
    if criterion.scope == Scope.TRACE and position is None:
        return {"trace": trace}
    if criterion.scope == Scope.STEP and position in steps:
        return {"step": steps[position]}
    place = "the trace as a whole" if position is None else f"step {position}"
    raise Rejected(f"{criterion} is not asked about {place} of {trace}.", field="position")


def _extras(opinion: Opinion) -> dict[str, Any]:
    return {
        "score": opinion.score,
        "text": storable_text(opinion.text),
        "distribution": None if opinion.distribution is None else storable_json(opinion.distribution),
        "evidence": storable_json(opinion.evidence),
    }
