"""What has been brought in, in numbers."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Sum

from annotate.models import Problem, Project, Trace


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
