"""Read labels as the frozen values that policies take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Case, F, Q, QuerySet, TextField, Value, When

from annotate.consensus.base_models import base_model
from annotate.consensus.contracts import (
    GoldReading,
    Question,
    Ruling,
    SetAside,
    StepEvidence,
    TraceEvidence,
    Vote,
    Voter,
)
from annotate.consensus.details import critiques_in, tally_in
from annotate.enums import CriterionKind, Purpose, RaterKind, Verdict
from annotate.measure.audit import trust_of
from annotate.measure.calibration import calibrated
from annotate.measure.queries import AUDIT_PREFIX, CALIBRATION
from annotate.models import Criterion, Estimate, Label, Project, Rater, Step, Trace
from annotate.models.label import LabelQuerySet
from annotate.prepared import Prepared

BATCH = 500

# Id, outcome and boundary version.
TraceFacts = tuple[int, str | None, int]
Rows = Iterable[tuple[Any, ...]]

# What a judge wrote may be long and no policy reads it.
_REASON = Case(When(rater__kind=RaterKind.REVIEW, then="text"), default=Value(""), output_field=TextField())
_NOTHING = Value("", output_field=TextField())


def voters_of(project: Project, criteria: Sequence[Criterion]) -> list[Voter]:
    """The raters with counted step labels by ``criteria``, by name."""
    asked: dict[int, set[str]] = defaultdict(set)
    key_of = {criterion.pk: criterion.key for criterion in criteria}
    counted = counted_in(project, criteria)
    for rater_id, criterion_id in (
        counted.independent().values_list("rater_id", "criterion_id").order_by().distinct()
    ):
        asked[rater_id].add(key_of[criterion_id])
    return [
        Voter(
            rater.pk,
            rater.name,
            RaterKind(rater.kind),
            frozenset(asked[rater.pk]),
            base_model(rater.config) if rater.is_machine else "",
        )
        for rater in Rater.objects.filter(pk__in=asked).order_by("name")
    ]


@dataclass(frozen=True, slots=True)
class Standing:
    """What was measured of the raters: who is not trusted and why, and the curve of those who give probabilities.

    ``distrusted`` maps a rater to its name and the reason, ``curves`` a (rater, criterion) to a calibration's detail.
    """

    distrusted: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    curves: Mapping[tuple[int, int], Mapping[str, Any]] = field(default_factory=dict)


_measured: Prepared[Estimate] = Prepared(
    lambda project: (
        Estimate.objects.filter(project=project, rater__isnull=False)
        .filter(Q(name__startswith=AUDIT_PREFIX) | Q(name=CALIBRATION))
        .select_related("rater", "criterion")
    )
)


def standing_of(project: Project) -> Standing:
    audits: dict[Rater, list[Estimate]] = defaultdict(list)
    curves: dict[tuple[int, int], Mapping[str, Any]] = {}
    for one in _measured.all(project=project.pk):
        assert one.rater is not None
        if one.name == CALIBRATION:
            curves[one.rater.pk, one.criterion_id] = one.detail
        else:
            audits[one.rater].append(one)
    trusts = {rater: trust_of(rates, project.judge_gate) for rater, rates in audits.items()}
    return Standing(
        {rater.pk: (rater.name, trust.reason) for rater, trust in trusts.items() if trust.state == "below"},
        curves,
    )


def question_of(criterion: Criterion) -> Question:
    """The levels a policy may decide between: those on the number line, in order, or all where there are too few."""
    levels = [level for level in criterion.levels.all() if level.key != Verdict.UNSURE]
    scored = sorted(
        (level for level in levels if level.score is not None),
        key=lambda level: (level.score or 0.0, level.position),
    )
    is_ordered = len(scored) > 1 and criterion.kind in (CriterionKind.VERDICT, CriterionKind.ORDINAL)
    return Question(
        criterion.key, tuple(level.key for level in (scored if len(scored) > 1 else levels)), is_ordered
    )


def gold_readings(project: Project, criterion: Criterion) -> tuple[GoldReading, ...]:
    """What everybody said of the steps whose answer is known by this criterion; steps with two answers are left out."""
    labels = (
        Label.objects.counted()
        .independent()
        .filter(criterion=criterion, step__trace__project=project, step__retired_in=None)
    )
    keys: dict[int, set[str]] = defaultdict(set)
    for step, value in labels.filter(rater__kind=RaterKind.GOLD).values_list("step_id", "value"):
        keys[step].add(value)
    known = {step: values.pop() for step, values in keys.items() if len(values) == 1}
    # Not by a subquery: before PostgreSQL has counted the labels it goes through all of them for each of them.
    said = labels.exclude(rater__kind=RaterKind.GOLD).filter(step__pk__among=list(known)).order_by("pk")
    return tuple(
        GoldReading(rater, step, value, known[step])
        for rater, step, value in said.values_list("rater_id", "step_id", "value")
    )


def trace_evidence(
    project: Project,
    criterion: Criterion,
    *also: Criterion,
    details: bool = False,
    standing: Standing | None = None,
) -> Iterator[TraceEvidence]:
    """Every trace of the project in order of its id, with its counted labels by the given criteria.

    Labels of judges below the project's gate are set aside; probabilities of the others are calibrated. What reviewers
    decided by the first criterion is no vote but the step's ruling. ``details`` reads what rollouts and judges made
    their labels of as well. Whoever reads a project twice reads the ``standing`` of its raters once.
    """
    criteria = (criterion, *also)
    standing = standing or standing_of(project)
    for traces in _trace_batches(project):
        yield from _batch(project, criteria, standing, traces, details)


def evidence_of(
    trace: Trace,
    criterion: Criterion,
    *also: Criterion,
    details: bool = False,
    standing: Standing | None = None,
) -> TraceEvidence:
    """One trace with its counted labels as they are now, as :func:`trace_evidence` gives it.

    Whoever reads several traces in a row reads the ``standing`` of their project's raters once.
    """
    project, facts = trace.project, (trace.pk, trace.outcome, trace.boundary_version)
    standing = standing or standing_of(project)
    (found,) = _batch(project, (criterion, *also), standing, [facts], details)
    return found


def _batch(
    project: Project,
    criteria: Sequence[Criterion],
    standing: Standing,
    traces: Sequence[TraceFacts],
    details: bool,
) -> Iterator[TraceEvidence]:
    """Labels and steps are two reads: where a trace was cut anew between them, both are read again."""
    left = list(traces)
    while left:
        labels, steps, versions = _rows_of(project.pk, [one.pk for one in criteria], left, details)
        steps_of = _steps_by_trace(steps, *_said_by_step(labels, criteria, standing))
        now: dict[int, int] = dict(versions)
        again: list[TraceFacts] = []
        for pk, outcome, version in left:
            if now.get(pk, version) == version:
                yield TraceEvidence(pk, criteria[0].key, tuple(steps_of[pk]), outcome)
            else:
                again.append((pk, outcome, now[pk]))
        left = again


def _rows_of(
    project: int, criteria: Sequence[int], traces: Sequence[TraceFacts], details: bool
) -> tuple[Rows, Rows, Rows]:
    """Labels, steps and versions of these traces, to be read in this order."""
    first, last = traces[0][0], traces[-1][0]
    if first == last:
        # Asked again at every reading: Django takes longer to write the three statements than the database to answer.
        labels = _labels_of[details].all(project=project, criteria=list(criteria), trace=first)
        return labels, _steps_of.all(trace=first), _version_of.all(trace=first)
    counted = _counted(project, criteria).filter(step__trace_id__gte=first, step__trace_id__lte=last)
    within = Trace.objects.filter(project=project, pk__gte=first, pk__lte=last)
    steps = Step.objects.filter(trace__project=project, trace_id__gte=first, trace_id__lte=last)
    return _as_votes(counted, details), _in_order(steps), within.values_list("pk", "boundary_version")


def _as_votes(labels: LabelQuerySet, details: bool) -> QuerySet[Label, tuple[Any, ...]]:
    return labels.order_by("pk").values_list(
        "pk",
        "step_id",
        "rater_id",
        "rater__kind",
        "criterion_id",
        "value",
        "distribution",
        _REASON,
        "evidence" if details else _NOTHING,
    )


def _in_order(steps: QuerySet[Step]) -> QuerySet[Step, tuple[Any, ...]]:
    return steps.order_by("trace_id", "position").values_list("pk", "trace_id")


def _trace_batches(project: Project) -> Iterator[list[TraceFacts]]:
    traces = (
        Trace.objects.filter(project=project).order_by("pk").values_list("pk", "outcome", "boundary_version")
    )
    last, is_more = 0, True
    while is_more and (batch := list(traces.filter(pk__gt=last)[:BATCH])):
        yield batch
        last, is_more = batch[-1][0], len(batch) == BATCH


def counted_in(project: Project, criteria: Iterable[Criterion]) -> LabelQuerySet:
    """What may decide: people's readings of gold and exam traces are measured, and end there.

    Nor may what a rater said from the day on from which a manager leaves them out.
    """
    return _counted(project.pk, [one.pk for one in criteria])


def _counted(project: int, criteria: Sequence[int]) -> LabelQuerySet:
    is_work = Q(assignment=None) | Q(assignment__purpose=Purpose.WORK)
    is_in = Q(rater__excluded_from=None) | Q(created_at__lt=F("rater__excluded_from"))
    return Label.objects.counted().filter(
        is_work, is_in, criterion__in=list(criteria), step__trace__project=project
    )


def _votes_of_one(details: bool) -> Prepared[tuple[Any, ...]]:
    return Prepared(
        lambda project, criteria, trace: _as_votes(
            _counted(project, criteria).filter(step__trace=trace), details
        )
    )


# By whether what labels were made of is read as well.
_labels_of = {details: _votes_of_one(details) for details in (False, True)}
_steps_of: Prepared[tuple[Any, ...]] = Prepared(lambda trace: _in_order(Step.objects.filter(trace=trace)))
_version_of: Prepared[tuple[Any, ...]] = Prepared(
    lambda trace: Trace.objects.filter(pk=trace).values_list("pk", "boundary_version")
)


def _said_by_step(
    rows: Rows, criteria: Sequence[Criterion], standing: Standing
) -> tuple[dict[int, list[Vote]], dict[int, list[SetAside]], dict[int, Ruling]]:
    key_of = {criterion.pk: criterion.key for criterion in criteria}
    found: dict[int, list[Vote]] = defaultdict(list)
    aside: dict[int, list[SetAside]] = defaultdict(list)
    rulings: dict[int, Ruling] = {}
    for pk, step_id, rater_id, kind, criterion_id, value, distribution, text, made_of in rows:
        if not value:
            # Words, or nothing: there is no level in it to decide between.
            continue
        if kind == RaterKind.REVIEW:
            if criterion_id == criteria[0].pk:
                rulings[step_id] = Ruling(pk, value, text)
            continue
        if rater_id in standing.distrusted:
            name, reason = standing.distrusted[rater_id]
            left = SetAside(pk, rater_id, name, RaterKind(kind), key_of[criterion_id], reason)
            aside[step_id].append(left)
            continue
        curve = standing.curves.get((rater_id, criterion_id), {})
        probability = calibrated(distribution, curve).get(value) if distribution else None
        vote = Vote(
            pk,
            rater_id,
            RaterKind(kind),
            key_of[criterion_id],
            value,
            probability,
            tally_in(made_of) if made_of else None,
            critiques_in(made_of) if made_of else (),
        )
        found[step_id].append(vote)
    return found, aside, rulings


def _steps_by_trace(
    rows: Rows,
    votes: dict[int, list[Vote]],
    aside: dict[int, list[SetAside]],
    rulings: Mapping[int, Ruling],
) -> dict[int, list[StepEvidence]]:
    found: dict[int, list[StepEvidence]] = defaultdict(list)
    for pk, trace_id in rows:
        step = StepEvidence(pk, tuple(votes.get(pk, ())), tuple(aside.get(pk, ())), rulings.get(pk))
        found[trace_id].append(step)
    return found
