"""The traces of a project, and one trace with every signal about each of its steps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from annotate.access import REACH, project_for, role_in, trace_for
from annotate.assign.manage.contracts import TraceFilter
from annotate.assign.manage.lists import TracePage, strata_of, trace_page
from annotate.assign.queries import readings_by_trace
from annotate.consensus.queries import decisions_of, latest_consensus
from annotate.enums import RaterKind, Role
from annotate.ingest.queries import corpus_counts
from annotate.label.decisions import decisions_on
from annotate.label.queries import readings_of, totals_by_rater
from annotate.label.revealing import note_seen
from annotate.models import Consensus, Label, Person, Step
from annotate.prelabel.queries import Signal, evidence_of
from webapp.forms.assign import ChangeForm, FilterForm
from webapp.templatetags.typeset import has_math

NOTHING = TracePage((), None)


@dataclass(frozen=True, slots=True)
class StepView:
    """One step with what everybody says about it."""

    step: Step
    people: Sequence[Label]
    gold: Sequence[Label]
    decided: Sequence[Label]
    machines: Sequence[Signal]
    decision: Consensus | None

    @property
    def number(self) -> int:
        return self.step.position + 1


@login_required
@require_http_methods(["GET", "HEAD"])
def traces(request: HttpRequest, slug: str) -> HttpResponse:
    """A page of the traces that the filter finds, by id, so that the thousandth page costs what the first does."""
    project = project_for(request.user, slug, role=Role.VIEWER)
    after = request.GET.get("after", "")
    form = FilterForm(strata_of(project), request.GET)
    is_valid = form.is_valid()
    wanted = form.wanted if is_valid else TraceFilter()
    page = (
        trace_page(project, wanted, after=int(after) if after.isdecimal() else None) if is_valid else NOTHING
    )
    readings = readings_by_trace(page.traces)
    given = [(name, request.GET[name]) for name in form.fields if request.GET.get(name)]
    context = {
        "project": project,
        "rows": [(trace, *readings.get(trace.pk, (0, 0))) for trace in page.traces],
        "filter": form,
        "wanted": wanted,
        "given": given,
        "query": urlencode(given),
        "is_first": not after,
        "next_after": page.next_after,
        "counts": corpus_counts(project),
        "change": ChangeForm() if role_in(request.user, project) in (Role.OWNER, Role.MANAGER) else None,
    }
    return render(request, "ingest/traces.html", context, status=200 if is_valid else 400)


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
    labels = [*decisions_on(found), *readings_of(found)]
    assert isinstance(request.user, Person)
    if labels or any(machines.values()):
        # Whoever labels this trace later is not blind any more.
        note_seen(request.user, found)
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
        "can_review": role_in(request.user, found.project) in REACH[Role.REVIEWER],
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
            decided=said[step.pk, RaterKind.REVIEW],
            machines=machines.get(step.position, ()),
            decision=decisions.get(step.pk),
        )
        for step in steps
    ]
