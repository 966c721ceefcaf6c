"""Getting a trace, keeping it, and giving it up."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from annotate.access import assignment_for, project_for, role_in
from annotate.assign.actions import (
    claim_next,
    extend_lease,
    rater_of,
    release_assignment,
    skip_assignment,
)
from annotate.assign.fillings import begin_filling, filling_of
from annotate.assign.queries import queue_state
from annotate.enums import Role
from annotate.errors import Rejected
from annotate.label.own_work import lately_of
from annotate.label.queries import reader_of
from annotate.models import Person
from webapp.forms.assign import SkipForm
from workers.tasks.assign import send_filling


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def queue(request: HttpRequest, slug: str) -> HttpResponse:
    """GET says how the queue stands for this person; POST takes the next trace."""
    project = project_for(request.user, slug, role=Role.ANNOTATOR)
    assert isinstance(request.user, Person)
    rater = rater_of(project, request.user)
    if request.method == "POST" and (taken := claim_next(project, rater)) is not None:
        return redirect("assignment", pk=taken.pk)
    context = {
        "project": project,
        "queue": queue_state(project, rater),
        "filling": filling_of(project),
        "can_manage": role_in(request.user, project) in (Role.OWNER, Role.MANAGER),
        "lately": lately_of(request.user, now=timezone.now(), zone=request.user.zone),
    }
    return render(request, "assign/queue.html", context)


@login_required
@require_POST
def fill(request: HttpRequest, slug: str) -> HttpResponse:
    project = project_for(request.user, slug, role=Role.MANAGER)
    filling = begin_filling(project, slots=True)
    if not filling.is_over:
        send_filling(project)
        messages.success(request, gettext("A worker fills the queue. You can leave this page; it goes on."))
        return redirect("queue-overview", slug=slug)
    added = filling.n_slots
    messages.success(
        request,
        gettext("%(added)s assignments added to the queue.") % {"added": added}
        if added
        else gettext("The queue was full already."),
    )
    return redirect("project", slug=slug)


@login_required
@require_POST
def lease(request: HttpRequest, pk: int) -> JsonResponse:
    """The open page's sign of life."""
    assignment = assignment_for(request.user, pk)
    renewed = extend_lease(assignment, _clean(request)["token"])
    return JsonResponse({"held_until": renewed.held_until, "boundary": assignment.trace.boundary_version})


@login_required
@require_POST
def skip(request: HttpRequest, pk: int) -> HttpResponse:
    assignment = assignment_for(request.user, pk)
    given = _clean(request)
    skip_assignment(assignment, given["token"], note=given["note"])
    following = claim_next(assignment.project, reader_of(assignment))
    if following is None:
        return redirect("queue", slug=assignment.project.slug)
    return redirect("assignment", pk=following.pk)


@login_required
@require_POST
def release(request: HttpRequest, pk: int) -> HttpResponse:
    assignment = assignment_for(request.user, pk)
    release_assignment(assignment, _clean(request)["token"])
    messages.success(request, gettext("The trace is back in the queue. Your answers wait there for you."))
    return redirect("project", slug=assignment.project.slug)


def _clean(request: HttpRequest) -> dict[str, Any]:
    form = SkipForm(request.POST)
    if not form.is_valid():
        field, problems = next(iter(form.errors.items()))
        raise Rejected(" ".join(map(str, problems)), field=field)
    return form.cleaned_data
