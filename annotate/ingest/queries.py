"""What has been brought in, in numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.db.models import Count, Sum

from annotate.models import Label, Problem, Project, Rubric, Trace


@dataclass(frozen=True, slots=True)
class CorpusCounts:
    problems: int
    traces: int
    steps: int


def corpus_counts(project: Project) -> CorpusCounts:
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
    n_labels: int
    is_in_use: bool


def versions_of(project: Project) -> list[Version]:
    """The project's rubrics, the newest version first."""
    counts = Counter(
        dict(
            Label.objects.live()
            .filter(criterion__rubric__project=project)
            .values_list("criterion__rubric")
            .annotate(n=Count("pk"))
            .order_by()
        )
    )
    return [
        Version(rubric, counts[rubric.pk], rubric.pk == project.rubric_id)
        for rubric in project.rubrics.order_by("-pk")
    ]
