"""How far raters agree, and how good each one is."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from annotate.access import project_for, rater_for, role_in
from annotate.enums import RaterKind, Role
from annotate.errors import Rejected
from annotate.measure.actions import set_judge_gate
from annotate.measure.queries import agreement_of, is_stale, rater_quality
from annotate.measure.reports import audited_criterion, judge_report, judge_reports
from annotate.measure.ruler.queries import current_ruler
from annotate.models import Person
from annotate.prelabel.audit.actions import open_audit
from webapp.forms import HANDED_OVER
from webapp.forms.measure import GateForm
from workers.tasks.measure import send_measure
from workers.tasks.prelabel import send_run

MANAGERS = (Role.OWNER, Role.MANAGER)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def measure(request: HttpRequest, slug: str) -> HttpResponse:
    """GET shows what was measured last; POST asks a worker to measure anew."""
    if request.method == "POST":
        project = project_for(request.user, slug, role=Role.MANAGER)
        send_measure(project)
        messages.success(request, gettext("Measuring is %(handed_over)s") % {"handed_over": HANDED_OVER})
        return redirect("measure", slug=slug)
    project = project_for(request.user, slug, role=Role.VIEWER)
    overall, by_rater = list(agreement_of(project)), list(rater_quality(project))
    context = {
        "project": project,
        "overall": overall,
        "by_rater": by_rater,
        "closer": [one for one in overall if one.detail.get("pairs", {}).get("cells")],
        "names": {rater.pk: rater for rater in project.raters.all()} if overall else {},
        "overlap": (ruler.detail.get("overlap") if (ruler := current_ruler(project)) else None),
        "measured_at": max((estimate.created_at for estimate in (*overall, *by_rater)), default=None),
        "is_stale": is_stale(project),
        "can_manage": role_in(request.user, project) in MANAGERS,
        "has_judges": project.raters.filter(kind=RaterKind.JUDGE).exists(),
    }
    return render(request, "measure/measure.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def judges(request: HttpRequest, slug: str) -> HttpResponse:
    """GET shows where every judge stands; POST changes the gate."""
    data = request.POST if request.method == "POST" else None
    role = Role.VIEWER if data is None else Role.MANAGER
    project = project_for(request.user, slug, role=role)
    form = GateForm(project.judge_gate, data)
    if data is not None and form.is_valid():
        set_judge_gate(project, form.gate)
        messages.success(
            request,
            gettext("The gate is changed. Decisions made before stay; run consensus again to apply it."),
        )
        return redirect("judges", slug=slug)
    context = {
        "project": project,
        "reports": judge_reports(project),
        "form": form,
        "can_manage": role_in(request.user, project) in MANAGERS,
    }
    return render(request, "measure/judges.html", context, status=200 if data is None else 400)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def audit(request: HttpRequest, pk: int) -> HttpResponse:
    """GET shows what a judge's audit found; POST asks the workers for a new one."""
    rater = rater_for(request.user, pk, role=Role.MANAGER if request.method == "POST" else Role.VIEWER)
    if rater.kind != RaterKind.JUDGE:
        raise Rejected(gettext("%(rater)s is no judge, so there is nothing to audit.") % {"rater": rater})
    if request.method == "POST":
        criterion = audited_criterion(rater)
        if criterion is None:
            raise Rejected(
                gettext("%(rater)s has not run here yet, so it is not known what to ask it.")
                % {"rater": rater}
            )
        assert isinstance(request.user, Person)
        send_run(open_audit(rater, criterion, created_by=request.user))
        messages.success(request, gettext("The audit is %(handed_over)s") % {"handed_over": HANDED_OVER})
        return redirect("audit", pk=pk)
    context = {
        "project": rater.project,
        "report": judge_report(rater),
        "can_manage": role_in(request.user, rater.project) in MANAGERS,
    }
    return render(request, "measure/audit.html", context)
