"""What has been brought in: counts, and the list of traces a page at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet, Sum

from annotate.models import Label, Problem, Project, Rubric, Trace

PAGE = 50


@dataclass(frozen=True, slots=True)
class CorpusCounts:
    problems: int
    traces: int
    steps: int


@dataclass(frozen=True, slots=True)
class TracePage:
    """Some traces in the order they came in. ``next_after`` None: these are the last."""

    traces: Sequence[Trace]
    next_after: int | None


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


def traces_of(project: Project, *, search: str = "") -> QuerySet[Trace]:
    """The project's traces with their problems; ``search`` is sought in ids and problem texts."""
    traces = Trace.objects.filter(project=project).select_related("problem").order_by("pk")
    if search:
        traces = traces.filter(Q(external_id__icontains=search) | Q(problem__text__icontains=search))
    return traces


def trace_page(
    project: Project, *, after: int | None = None, size: int = PAGE, search: str = ""
) -> TracePage:
    """The ``size`` traces after the one with the key ``after``: as fast on the last page as on the first."""
    traces = traces_of(project, search=search)
    if after is not None:
        traces = traces.filter(pk__gt=after)
    found = list(traces[: size + 1])
    return TracePage(found[:size], found[size - 1].pk if len(found) > size else None)
