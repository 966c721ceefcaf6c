"""Read a project's labels as the rows that formats of labels write, some hundred traces at a time.

What counts are labels that stand, by the rubric the project asks now: submitted ones, with revisions as they were
when ``upto`` was the newest label. So the same number reads the same later, as long as no reading has been sent back
since.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from django.db.models import Q
from django.utils.translation import gettext

from annotate.enums import AssignmentState, Purpose, RaterKind, Scope
from annotate.errors import Conflict
from annotate.export.contracts import CandidateRow, LabelledRow, LabelSource, RaterRow, SaidRow
from annotate.export.rows import TRACE_FIELDS, named_raters, plain_trace
from annotate.export.steps import plain_steps
from annotate.models import Candidate, Criterion, Label, Project, Trace
from annotate.models.label import LabelQuerySet

BATCH = 200
ON_TRACES = (Scope.STEP, Scope.TRACE, Scope.CANDIDATE)


def labels_of(project: Project, upto: int | None = None) -> LabelQuerySet:
    """Labels that stand, on anything, by the rubric the project asks."""
    if project.rubric_id is None:
        raise Conflict(gettext("%(project)s asks nothing, so it has no labels.") % {"project": project})
    is_over = Q(assignment__state=AssignmentState.SUBMITTED) & ~Q(assignment__purpose=Purpose.DEMO)
    found = Label.objects.filter(Q(assignment=None) | is_over, criterion__rubric=project.rubric_id)
    if upto is None:
        return found.live()
    return found.filter(Q(is_live=True) | Q(superseded_by__pk__gt=upto), pk__lte=upto)


def has_labels(project: Project) -> bool:
    """Whether anything stands that a format of labels could write."""
    return project.rubric_id is not None and labels_of(project).exists()


def newest_of(project: Project) -> int:
    """The id of the newest label that stands; ``Conflict`` when there is none."""
    newest = labels_of(project).order_by("-pk").values_list("pk", flat=True).first()
    if newest is None:
        raise Conflict(gettext("There is no label to write yet."))
    return newest


def label_source(project: Project, upto: int, *, is_anonymous: bool = True) -> LabelSource:
    labels = labels_of(project, upto).filter(criterion__scope__in=ON_TRACES)
    counts: Counter[int] = Counter()
    for rater in labels.order_by("pk").values_list("rater_id", flat=True).iterator(chunk_size=5000):
        counts[rater] += 1
    raters = tuple(named_raters(counts, is_anonymous=is_anonymous))
    assert project.rubric is not None
    criteria = tuple(project.rubric.criteria.prefetch_related("levels").order_by("position", "pk"))
    source = LabelSource(project, criteria, upto, raters, lambda: _rows(source))
    return source


def _rows(source: LabelSource) -> Iterator[LabelledRow]:
    raters = {rater.pk: rater for rater in source.raters}
    criteria = {criterion.pk: criterion for criterion in source.criteria}
    last = 0
    traces = Trace.objects.filter(project=source.project).order_by("pk").values_list(*TRACE_FIELDS)
    while some := list(traces.filter(pk__gt=last)[:BATCH]):
        last = some[-1][0]
        pks = [trace[0] for trace in some]
        steps = plain_steps(pks)
        said = _said(source, pks, raters, criteria)
        candidates = _candidates(pks, source.raters)
        for trace in some:
            if said.get(trace[0]):
                yield LabelledRow(
                    plain_trace(trace, steps[trace[0]]),
                    tuple(said[trace[0]]),
                    tuple(candidates.get(trace[0], ())),
                )


def _said(
    source: LabelSource, traces: list[int], raters: Mapping[int, RaterRow], criteria: Mapping[int, Criterion]
) -> dict[int, list[SaidRow]]:
    """By trace, in order of the labels' ids. Labels of steps that were split or merged are of no step of now."""
    found: dict[int, list[SaidRow]] = defaultdict(list)
    labels = labels_of(source.project, source.upto).order_by("pk")
    places = (
        (Q(step__trace__in=traces, step__retired_in=None), "step__trace_id", "step__position", None),
        (Q(trace__in=traces), "trace_id", None, None),
        (
            Q(candidate__step__trace__in=traces, candidate__step__retired_in=None),
            "candidate__step__trace_id",
            "candidate__step__position",
            "candidate_id",
        ),
    )
    for of, trace_field, position_field, candidate_field in places:
        rows = labels.filter(of).values_list(
            trace_field,
            position_field or "trace_id",
            candidate_field or "candidate_id",
            "pk",
            "rater_id",
            "criterion_id",
            "value",
            "text",
            "score",
            "seconds",
            "distribution",
            "has_seen_prelabels",
        )
        for trace, position, candidate, pk, rater, criterion, *rest in rows:
            place = position if position_field else None
            found[trace].append(SaidRow(pk, raters[rater], criteria[criterion], place, candidate, *rest))
    for rows_of_trace in found.values():
        rows_of_trace.sort(key=lambda said: said.pk)
    return found


def _candidates(traces: list[int], raters: Sequence[RaterRow]) -> dict[int, list[CandidateRow]]:
    names = {rater.pk: rater.name for rater in raters}
    found: dict[int, list[CandidateRow]] = defaultdict(list)
    rows = Candidate.objects.filter(step__trace__in=traces, step__retired_in=None).order_by(
        "step__trace_id", "step__position", "kind", "position"
    )
    for trace, pk, place, kind, number, text, model, rater, rater_kind in rows.values_list(
        "step__trace_id",
        "pk",
        "step__position",
        "kind",
        "position",
        "text",
        "source_model",
        "rater_id",
        "rater__kind",
    ):
        # A person whose labels are not here has no published name.
        own = names.get(rater, "" if rater_kind == RaterKind.PERSON else model)
        found[trace].append(CandidateRow(pk, place, kind, number, text, own or model))
    return found
