"""The traces of a project, and one trace with every signal about each of its steps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from annotate.access import project_for, trace_for
from annotate.assign.queries import readings_by_trace
from annotate.consensus.queries import decisions_of, latest_consensus
from annotate.enums import RaterKind, Role
from annotate.ingest.queries import corpus_counts, trace_page
from annotate.label.queries import readings_of, totals_by_rater
from annotate.models import Consensus, Label, Step
from annotate.prelabel.queries import Signal, evidence_of
from webapp.templatetags.typeset import has_math


@dataclass(frozen=True, slots=True)
class StepView:
    """One step with what everybody says about it."""

    step: Step
    people: Sequence[Label]
    gold: Sequence[Label]
    machines: Sequence[Signal]
    decision: Consensus | None

    @property
    def number(self) -> int:
        return self.step.position + 1


@login_required
@require_http_methods(["GET", "HEAD"])
def traces(request: HttpRequest, slug: str) -> HttpResponse:
    """A page of traces by id, so that the thousandth page costs what the first does."""
    project = project_for(request.user, slug, role=Role.VIEWER)
    after, search = request.GET.get("after", ""), request.GET.get("search", "").strip()
    page = trace_page(project, after=int(after) if after.isdecimal() else None, search=search)
    readings = readings_by_trace(page.traces)
    context = {
        "project": project,
        "rows": [(trace, *readings.get(trace.pk, (0, 0))) for trace in page.traces],
        "search": search,
        "is_first": not after,
        "next_after": page.next_after,
        "counts": corpus_counts(project),
    }
    return render(request, "ingest/traces.html", context)


@login_required
@require_http_methods(["GET", "HEAD"])
def trace(request: HttpRequest, pk: int) -> HttpResponse:
    found = trace_for(request.user, pk)
    run = latest_consensus(found.project)
    steps = list(found.steps.order_by("position"))
    problem = found.problem
    texts = [problem.text, problem.reference_solution or "", *(step.text for step in steps)]
    is_raw = "raw" in request.GET
    machines = {evidence.position: evidence.signals for evidence in evidence_of(found)}
    labels = readings_of(found)
    context = {
        "trace": found,
        "project": found.project,
        "problem": problem,
        "rows": _rows(
            steps, labels, machines, {d.step_id: d for d in decisions_of(found, run)} if run else {}
        ),
        "about_trace": [label for label in labels if label.trace_id is not None],
        "signals_about_trace": machines.get(None, ()),
        "totals": totals_by_rater(found.project, labels).items(),
        "consensus": run,
        "is_raw": is_raw,
        "needs_math": not is_raw and any(map(has_math, texts)),
    }
    return render(request, "ingest/trace.html", context)


def _rows(
    steps: Sequence[Step],
    labels: Sequence[Label],
    machines: dict[int | None, tuple[Signal, ...]],
    decisions: dict[int, Consensus],
) -> list[StepView]:
    said: dict[tuple[int | None, str], list[Label]] = defaultdict(list)
    for label in labels:
        step = label.candidate.step_id if label.candidate else label.step_id
        said[step, label.rater.kind].append(label)
    return [
        StepView(
            step,
            people=said[step.pk, RaterKind.PERSON],
            gold=said[step.pk, RaterKind.GOLD],
            machines=machines.get(step.position, ()),
            decision=decisions.get(step.pk),
        )
        for step in steps
    ]
