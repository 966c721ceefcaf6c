"""What has been brought in, in numbers."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Sum

from annotate.models import Label, Problem, Project, Rubric, Trace
from annotate.models.counting import Bounded, bounded_count, kept


@dataclass(frozen=True, slots=True)
class CorpusCounts:
    problems: int
    traces: int
    steps: int


def corpus_counts(project: Project) -> CorpusCounts:
    """How much there is; where that is very much, as it was a moment ago."""
    return kept(f"corpus:{project.pk}", lambda: _counted(project), lambda counts: counts.traces)


def _counted(project: Project) -> CorpusCounts:
    traces = Trace.objects.filter(project=project)
    return CorpusCounts(
        problems=Problem.objects.filter(project=project).count(),
        traces=traces.count(),
        steps=traces.aggregate(total=Sum("n_steps"))["total"] or 0,
    )


@dataclass(frozen=True, slots=True)
class Version:
    """A rubric version with how many live labels rest on it."""

    rubric: Rubric
    n_labels: Bounded
    is_in_use: bool


def versions_of(project: Project) -> list[Version]:
    """The project's rubrics, the newest version first."""
    return [
        Version(rubric, labels_on(rubric), rubric.pk == project.rubric_id)
        for rubric in project.rubrics.prefetch_related("criteria").order_by("-pk")
    ]


def labels_on(rubric: Rubric) -> Bounded:
    """How many live labels rest on a version."""
    if not rubric.is_frozen:
        # Its first label freezes it.
        return Bounded(0)
    criteria = [criterion.pk for criterion in rubric.criteria.all()]
    return bounded_count(Label.objects.live().filter(criterion__in=criteria))
