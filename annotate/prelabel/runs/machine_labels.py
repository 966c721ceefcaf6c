"""From a strategy's opinions to label rows. Part of ``actions``, which owns the transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q, QuerySet, prefetch_related_objects

from annotate.enums import CriterionKind, Scope
from annotate.errors import Rejected
from annotate.ingest.founding import freeze_rubric
from annotate.models import Criterion, Label, Pair, Rater, Run, Step, Trace
from annotate.prelabel.contracts import Opinion

from .rows import storable_json, storable_text

_FACTS = ("value", "score", "text", "distribution", "evidence")

# Where a label of one trace or pair stands: its criterion, and its step where it is about one.
_Place = tuple[int, int | None]


def write_machine_labels(
    rater: Rater,
    criterion: Criterion,
    about: Trace | Pair,
    opinions: Sequence[Opinion],
    *,
    run: Run | None = None,
) -> int:
    """Make ``opinions`` all that ``rater`` says about ``about``; the number of rows written.

    They speak by ``criterion``, or by the one of its rubric that they name. An opinion that stands already, in every
    fact, is left alone; a changed one supersedes. What the rater no longer says is taken back, so that the labels of
    one trace never mix two findings: by ``criterion``, by those spoken to now, and by those that its earlier runs on
    ``criterion`` spoke to. What it said in runs on another criterion stays. To be called inside a transaction.
    Raises Rejected for a criterion the rubric, or a level or place the criterion, does not have.
    """
    drafts = _drafts(rater, criterion, about, opinions, run)
    spoken_to = {draft.criterion_id for draft in drafts} | {criterion.pk}
    live = {_place(label): label for label in _live(rater, about, criterion, spoken_to)}
    changed = [draft for draft in drafts if not _stands(draft, live.get(_place(draft)))]
    unsaid = live.keys() - {_place(draft) for draft in drafts}
    retired = [live[place].pk for place in unsaid]
    for draft in changed:
        draft.supersedes = live.get(_place(draft))
        if draft.supersedes is not None:
            retired.append(draft.supersedes.pk)
    if retired:
        Label.objects.filter(pk__in=retired).update(is_live=False)
    if changed:
        freeze_rubric(criterion.rubric)
        Label.objects.bulk_create(changed)
    return len(changed)


def _place(label: Label) -> _Place:
    return label.criterion_id, label.step_id


def _live(rater: Rater, about: Trace | Pair, criterion: Criterion, spoken_to: set[int]) -> QuerySet[Label]:
    labels = (
        Label.objects.filter(pair=about)
        if isinstance(about, Pair)
        else Label.objects.about(about).filter(candidate=None)
    )
    is_ours = Q(criterion__in=spoken_to) | Q(
        run__criterion=criterion.pk, criterion__rubric=criterion.rubric_id
    )
    return labels.live().filter(is_ours, rater=rater)


def _stands(draft: Label, label: Label | None) -> bool:
    return label is not None and all(getattr(draft, fact) == getattr(label, fact) for fact in _FACTS)


def _drafts(
    rater: Rater, criterion: Criterion, about: Trace | Pair, opinions: Sequence[Opinion], run: Run | None
) -> list[Label]:
    criteria = _criteria(criterion, opinions)
    steps = {step.position: step for step in about.steps.all()} if isinstance(about, Trace) else {}
    places = [(opinion.criterion or criterion.key, opinion.position) for opinion in opinions]
    if len(set(places)) != len(places):
        raise Rejected("the strategy spoke twice about one place", field="position")
    drafts = []
    for opinion in opinions:
        asked = criteria[opinion.criterion or criterion.key]
        _check_value(asked, opinion)
        target = _target(asked, about, steps, opinion.position)
        drafts.append(
            Label(rater=rater, criterion=asked, run=run, value=opinion.value, **target, **_extras(opinion))
        )
    return drafts


def _criteria(criterion: Criterion, opinions: Sequence[Opinion]) -> dict[str, Criterion]:
    """Those the opinions speak by, by key, with their levels; read only where another than the run's is named."""
    # Once for all the units of a shift, which share the run's criterion.
    prefetch_related_objects([criterion], "levels")
    found = {criterion.key: criterion}
    named = {opinion.criterion for opinion in opinions} - {"", criterion.key}
    if named:
        others = criterion.rubric.criteria.filter(key__in=named).prefetch_related("levels")
        found |= {other.key: other for other in others}
    if missing := named - found.keys():
        raise Rejected(f"the rubric has no criterion {', '.join(sorted(missing))}", field="criterion")
    return found


def _check_value(criterion: Criterion, opinion: Opinion) -> None:
    if criterion.kind == CriterionKind.TEXT and opinion.value == "" and opinion.text:
        return
    if opinion.value not in {level.key for level in criterion.levels.all()}:
        raise Rejected(f"{criterion} has no level {opinion.value!r}.", field="value")


def _target(
    criterion: Criterion, about: Trace | Pair, steps: Mapping[int, Step], position: int | None
) -> dict[str, Step | Trace | Pair]:
    if isinstance(about, Pair):
        if criterion.scope == Scope.PAIR and position is None:
            return {"pair": about}
    elif criterion.scope == Scope.TRACE and position is None:
        return {"trace": about}
    elif criterion.scope == Scope.STEP and position is not None and position in steps:
        return {"step": steps[position]}
    whole = "pair" if isinstance(about, Pair) else "trace"
    place = f"the {whole} as a whole" if position is None else f"step {position}"
    raise Rejected(f"{criterion} is not asked about {place} of {about}.", field="position")


def _extras(opinion: Opinion) -> dict[str, Any]:
    return {
        "score": opinion.score,
        "text": storable_text(opinion.text),
        "distribution": None if opinion.distribution is None else storable_json(opinion.distribution),
        "evidence": storable_json(opinion.evidence),
    }
