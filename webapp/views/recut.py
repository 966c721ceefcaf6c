"""Steps split and merged by reviewers, and what readers report about their boundaries."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from annotate.access import assignment_for, cut_report_for, project_for, review_for
from annotate.enums import RecutKind, Role
from annotate.errors import Rejected
from annotate.ingest.boundaries import CutPlace, cut_places
from annotate.label.cut_reports import leave_cut, report_cut, reports_of
from annotate.label.recutting import Effect, recut
from annotate.models import Assignment, CutReport, Person, Step, Trace
from webapp.forms.recut import CutForm, ReportForm
from webapp.templatetags.typeset import has_math

PAGE = 50


@dataclass(frozen=True, slots=True)
class Row:
    """A step with what can be done to it; ``places`` only where it is about to be split."""

    step: Step
    can_merge: bool
    reports: tuple[CutReport, ...]
    is_split: bool = False
    places: tuple[CutPlace, ...] = ()

    @property
    def number(self) -> int:
        return self.step.position + 1

    @property
    def can_choose(self) -> bool:
        """Whether a text field shows the text as it is: browsers turn every end of a line into a line feed."""
        return "\r" not in self.step.text


@login_required
@require_http_methods(["GET", "HEAD"])
def reports(request: HttpRequest, slug: str) -> HttpResponse:
    """What readers have reported: ?show=done what has been answered."""
    project = project_for(request.user, slug, role=Role.REVIEWER)
    is_done = request.GET.get("show") == "done"
    rows = reports_of(project, _person(request), is_open=not is_done)
    context = {
        "project": project,
        "page": Paginator(rows, PAGE).get_page(request.GET.get("page")),
        "is_done": is_done,
    }
    return render(request, "recut/reports.html", context)


@login_required
@require_POST
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer a report: the step stays as it is."""
    found = cut_report_for(request.user, pk)
    leave_cut(found, _person(request), request.POST.get("reason", ""))
    messages.success(request, gettext("Left as it is. Whoever reported it is not asked again."))
    return redirect("cut-reports", slug=found.trace.project.slug)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def cuts(request: HttpRequest, pk: int) -> HttpResponse:
    """A trace's steps, to be split (?split=) or merged; a first POST shows what it comes to, a second does it."""
    trace = review_for(request.user, pk)
    if request.method != "POST":
        return _page(request, trace)
    form = CutForm(request.POST)
    if not form.is_valid():
        field, problems = next(iter(form.errors.items()))
        raise Rejected(" ".join(map(str, problems)), field=field)
    given = form.cleaned_data
    is_confirmed = "confirm" in request.POST
    answered = None if given["report"] is None else cut_report_for(request.user, given["report"])
    try:
        cut = form.cut(trace)
        effect = recut(trace, _person(request), cut, report=answered, is_dry_run=not is_confirmed)
    except Rejected as trouble:
        return _page(request, trace, trouble, given)
    if not is_confirmed:
        context = {
            "trace": trace,
            "project": trace.project,
            "effect": effect,
            "cut": cut,
            "is_split": effect.kind == RecutKind.SPLIT,
            "number": cut.position + 1,
            "report": answered,
        }
        return render(request, "recut/confirm.html", context)
    messages.success(request, _told(effect))
    return HttpResponseRedirect(f"{reverse('cuts', args=[pk])}#step-{cut.position}")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """Whoever reads a trace says that a step's boundaries are wrong: from the page's script, or by this plain page."""
    assignment = assignment_for(request.user, pk)
    is_script = not request.accepts("text/html")
    if request.method != "POST":
        given = {"step": request.GET.get("step", ""), "boundary": assignment.trace.boundary_version}
        return _report_page(request, assignment, ReportForm(initial=given))
    form = ReportForm(request.POST)
    if form.is_valid():
        said = form.cleaned_data
        try:
            report_cut(assignment, said["step"] - 1, said["fault"], said["text"], version=said["boundary"])
        except Rejected as trouble:
            form.add_error(trouble.field if trouble.field in form.fields else None, trouble.reason)
        else:
            told = gettext("Reported. A reviewer will look at step %(step)s.") % {"step": said["step"]}
            if is_script:
                return JsonResponse({"told": told})
            messages.success(request, told)
            return HttpResponseRedirect(f"{reverse('assignment', args=[pk])}#step-{said['step'] - 1}")
    if is_script:
        field, problems = next(iter(form.errors.items()))
        raise Rejected(" ".join(map(str, problems)), field=field)
    return _report_page(request, assignment, form, status=400)


def _report_page(
    request: HttpRequest, assignment: Assignment, form: ReportForm, status: int = 200
) -> HttpResponse:
    context = {"assignment": assignment, "project": assignment.project, "form": form}
    return render(request, "recut/report.html", context, status=status)


def _page(
    request: HttpRequest,
    trace: Trace,
    trouble: Rejected | None = None,
    given: dict[str, Any] | None = None,
) -> HttpResponse:
    steps = list(trace.steps.order_by("position"))
    opened = trace.cut_reports.filter(answer="").select_related("author", "step").order_by("pk")
    splits = (
        given["step"] if given and given["do"] == RecutKind.SPLIT else _whole(request.GET.get("split", ""))
    )
    rows = [
        Row(
            step,
            can_merge=following is not None and following.kind == step.kind,
            reports=tuple(one for one in opened if one.step_id == step.pk),
            is_split=step.position == splits,
            places=tuple(cut_places(step.text)) if step.position == splits else (),
        )
        for step, following in zip_longest(steps, steps[1:])
    ]
    report_id = given["report"] if given else _whole(request.GET.get("report", ""))
    answered = next((one for one in opened if one.pk == report_id), None)
    context = {
        "trace": trace,
        "project": trace.project,
        "rows": rows,
        "acts": trace.recuts.select_related("person", "undone_by").order_by("-version"),
        "trouble": trouble,
        "given": given or {},
        "answered": answered,
        "needs_math": any(map(has_math, (step.text for step in steps))),
    }
    return render(request, "recut/trace.html", context, status=400 if trouble else 200)


def _told(effect: Effect) -> str:
    done = gettext("Split.") if effect.kind == RecutKind.SPLIT else gettext("Merged.")
    if not effect.n_returned:
        return done
    back = ngettext(
        "%(n)s reading goes back to be looked at again.",
        "%(n)s readings go back to be looked at again.",
        effect.n_returned,
    )
    return f"{done} {back % {'n': effect.n_returned}}"


def _whole(word: str) -> int | None:
    return int(word) if word.isdecimal() and len(word) < 10 else None


def _person(request: HttpRequest) -> Person:
    assert isinstance(request.user, Person)
    return request.user
