"""Read labels as the frozen values that policies take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from django.db.models import QuerySet

from annotate.consensus.contracts import StepEvidence, TraceEvidence, Vote, Voter
from annotate.enums import RaterKind
from annotate.models import Criterion, Label, Project, Rater, Step, Trace
from annotate.models.label import LabelQuerySet

BATCH = 500

TraceFacts = tuple[int, str | None]


def voters_of(project: Project, criteria: Sequence[Criterion]) -> list[Voter]:
    """The raters with counted step labels by ``criteria``, by name."""
    asked: dict[int, set[str]] = defaultdict(set)
    key_of = {criterion.pk: criterion.key for criterion in criteria}
    counted = _counted(project, criteria)
    for rater_id, criterion_id in counted.values_list("rater_id", "criterion_id").order_by().distinct():
        asked[rater_id].add(key_of[criterion_id])
    return [
        Voter(rater.pk, rater.name, RaterKind(rater.kind), frozenset(asked[rater.pk]))
        for rater in Rater.objects.filter(pk__in=asked).order_by("name")
    ]


def trace_evidence(project: Project, criterion: Criterion, *also: Criterion) -> Iterator[TraceEvidence]:
    """Every trace of the project in order of its id, with its counted labels by the given criteria."""
    criteria = (criterion, *also)
    for traces in _trace_batches(project):
        first, last = traces[0][0], traces[-1][0]
        labels = _counted(project, criteria).filter(step__trace_id__gte=first, step__trace_id__lte=last)
        steps = Step.objects.filter(trace__project=project, trace_id__gte=first, trace_id__lte=last)
        votes = _votes_by_step(labels, criteria)
        steps_of = _steps_by_trace(steps, votes)
        for pk, outcome in traces:
            yield TraceEvidence(pk, criterion.key, tuple(steps_of[pk]), outcome)


def _trace_batches(project: Project) -> Iterator[list[TraceFacts]]:
    traces = Trace.objects.filter(project=project).order_by("pk").values_list("pk", "outcome")
    last = 0
    while batch := list(traces.filter(pk__gt=last)[:BATCH]):
        yield batch
        last = batch[-1][0]


def _counted(project: Project, criteria: Iterable[Criterion]) -> LabelQuerySet:
    return Label.objects.counted().filter(criterion__in=list(criteria), step__trace__project=project)


def _votes_by_step(labels: LabelQuerySet, criteria: Sequence[Criterion]) -> dict[int, list[Vote]]:
    key_of = {criterion.pk: criterion.key for criterion in criteria}
    found: dict[int, list[Vote]] = defaultdict(list)
    rows = labels.order_by("pk").values_list(
        "pk", "step_id", "rater_id", "rater__kind", "criterion_id", "value", "distribution"
    )
    for pk, step_id, rater_id, kind, criterion_id, value, distribution in rows:
        probability = (distribution or {}).get(value)
        vote = Vote(pk, rater_id, RaterKind(kind), key_of[criterion_id], value, probability)
        found[step_id].append(vote)
    return found


def _steps_by_trace(steps: QuerySet[Step], votes: dict[int, list[Vote]]) -> dict[int, list[StepEvidence]]:
    found: dict[int, list[StepEvidence]] = defaultdict(list)
    for pk, trace_id in steps.order_by("trace_id", "position").values_list("pk", "trace_id"):
        found[trace_id].append(StepEvidence(pk, tuple(votes.get(pk, ()))))
    return found
