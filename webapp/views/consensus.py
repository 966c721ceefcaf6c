"""What a policy decided about every step, and why."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from annotate.access import project_for, role_in, run_for
from annotate.consensus.actions import check_consensus
from annotate.consensus.auditing import audit_of
from annotate.consensus.queries import consensus_runs, funnel_of, latest_consensus, tier_counts
from annotate.consensus.registry import POLICIES, get_policy
from annotate.enums import Action, Role, RunKind, Tier
from annotate.errors import Conflict, NotAllowed, Rejected
from annotate.models import Person, Project, Run
from webapp.forms import HANDED_OVER, SettingsForm
from webapp.forms.consensus import QuestionForm
from webapp.paging import LongPaginator
from workers.tasks.consensus import send_consensus

PAGE = 50


@login_required
@require_http_methods(["GET", "HEAD"])
def consensus(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest decisions, or an empty page that says how to get some."""
    project = project_for(request.user, slug, role=Role.VIEWER)
    return _page(request, project, latest_consensus(project))


@login_required
@require_http_methods(["GET", "HEAD"])
def consensus_run(request: HttpRequest, pk: int) -> HttpResponse:
    run = run_for(request.user, pk)
    if run.kind != RunKind.CONSENSUS:
        raise NotAllowed
    return _page(request, run.project, run)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_consensus(request: HttpRequest, slug: str) -> HttpResponse:
    """GET ?policy= sets the form up; POST asks a worker to decide."""
    project = project_for(request.user, slug, role=Role.MANAGER)
    given = request.POST if request.method == "POST" else request.GET
    name = given.get("policy", next(iter(POLICIES)))
    data = request.POST if request.method == "POST" else None
    settings = SettingsForm(get_policy(name).settings, data)
    question = QuestionForm(project, get_policy(name), data)
    if (
        data is not None
        and all([settings.is_valid(), question.is_valid()])
        and _fits(project, name, settings, question)
    ):
        assert isinstance(request.user, Person)
        send_consensus(
            project,
            policy=name,
            settings=settings.values,
            person=request.user,
            criterion=question.cleaned_data["criterion"],
        )
        messages.success(request, gettext("The consensus is %(handed_over)s") % {"handed_over": HANDED_OVER})
        return redirect("consensus", slug=slug)
    context = {
        "project": project,
        "policy": get_policy(name),
        "policies": POLICIES,
        "settings": settings,
        "question": question,
    }
    return render(request, "consensus/new.html", context, status=200 if data is None else 400)


def _fits(project: Project, policy: str, settings: SettingsForm, question: QuestionForm) -> bool:
    """Ask now what the worker would refuse later, out of everybody's sight."""
    criterion = question.cleaned_data["criterion"]
    try:
        check_consensus(project, policy=policy, settings=settings.values, criterion_key=criterion)
    except (Rejected, Conflict) as error:
        field = getattr(error, "field", None)
        if field == "criterion":
            question.add_error(field, getattr(error, "reason", str(error)))
            return False
        settings.add_error(field if field in settings.fields else None, getattr(error, "reason", str(error)))
        return False
    return True


def _page(request: HttpRequest, project: Project, run: Run | None) -> HttpResponse:
    context: dict[str, Any] = {
        "project": project,
        "run": run,
        "can_manage": role_in(request.user, project) in (Role.OWNER, Role.MANAGER),
    }
    if run is not None:
        action = request.GET.get("action", "")
        reason = request.GET.get("reason", "")
        tier = request.GET.get("tier", "")
        decisions = run.consensus.select_related("step__trace")
        if action in Action.values:
            decisions = decisions.filter(action=action)
        if reason:
            decisions = decisions.filter(reason=reason)
        if tier in Tier.values:
            decisions = decisions.filter(tier=tier)
        context |= {
            "funnel": funnel_of(run),
            "page": LongPaginator(decisions, PAGE).get_page(request.GET.get("page")),
            "action": action,
            "reason": reason,
            "tier": tier,
            "tiers": tier_counts(run),
            "learned": run.summary.get("learned"),
            "audit": audit_of(run),
            "earlier": consensus_runs(project).exclude(pk=run.pk)[:10],
        }
    return render(request, "consensus/consensus.html", context)
