"""How far raters agree, and how good each one is."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from annotate.access import project_for, role_in
from annotate.enums import Role
from annotate.measure.queries import agreement_of, is_stale, rater_quality
from webapp.forms import HANDED_OVER
from workers.tasks.measure import send_measure


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def measure(request: HttpRequest, slug: str) -> HttpResponse:
    """GET shows what was measured last; POST asks a worker to measure anew."""
    if request.method == "POST":
        project = project_for(request.user, slug, role=Role.MANAGER)
        send_measure(project)
        messages.success(request, f"Measuring is {HANDED_OVER}")
        return redirect("measure", slug=slug)
    project = project_for(request.user, slug, role=Role.VIEWER)
    overall, by_rater = list(agreement_of(project)), list(rater_quality(project))
    context = {
        "project": project,
        "overall": overall,
        "by_rater": by_rater,
        "measured_at": max((estimate.created_at for estimate in (*overall, *by_rater)), default=None),
        "is_stale": is_stale(project),
        "can_manage": role_in(request.user, project) in (Role.OWNER, Role.MANAGER),
    }
    return render(request, "measure/measure.html", context)
