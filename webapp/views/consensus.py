"""What a policy decided about every step, and why."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRefresh

from annotate.access import project_for, role_in, run_for
from annotate.consensus.actions import ask_consensus
from annotate.consensus.auditing import audit_of
from annotate.consensus.queries import (
    Wanted,
    consensus_runs,
    decision_page,
    funnel_of,
    latest_consensus,
    note_of,
    tier_counts,
    undecided_runs,
)
from annotate.consensus.registry import POLICIES, get_policy
from annotate.enums import Action, Role, RunKind, RunState, Tier
from annotate.errors import Conflict, NotAllowed, Rejected
from annotate.models import Person, Project, Run
from webapp.forms import UNSENT_RUN, SettingsForm
from webapp.forms.consensus import QuestionForm
from webapp.paging import key_in
from workers.tasks.consensus import send_consensus

PAGE = 50
UNDECIDED_SHOWN = 5


@login_required
@require_http_methods(["GET", "HEAD"])
def consensus(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest decisions, or an empty page that says how to get some."""
    project = project_for(request.user, slug, role=Role.VIEWER)
    return _page(request, project, latest_consensus(project))


@login_required
@require_http_methods(["GET", "HEAD"])
def consensus_run(request: HttpRequest, pk: int) -> HttpResponse:
    """The run's page; for htmx how far it is, and the whole page once it is over."""
    run = run_for(request.user, pk)
    if run.kind != RunKind.CONSENSUS:
        raise NotAllowed
    if not request.headers.get("HX-Request"):
        return _page(request, run.project, run)
    if run.is_over:
        return HttpResponseClientRefresh()
    return render(
        request, "consensus/making.html", {"run": run, "note": note_of(run), **_may(request, run.project)}
    )


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
    if data is not None and all([settings.is_valid(), question.is_valid()]):
        run = _asked(request, project, name, settings, question)
        if run is not None:
            if not send_consensus(run):
                messages.warning(request, UNSENT_RUN)
            return redirect("consensus-run", pk=run.pk)
    context = {
        "project": project,
        "policy": get_policy(name),
        "policies": POLICIES,
        "settings": settings,
        "question": question,
    }
    return render(request, "consensus/new.html", context, status=200 if data is None else 400)


def _asked(
    request: HttpRequest, project: Project, policy: str, settings: SettingsForm, question: QuestionForm
) -> Run | None:
    """The run, open; None where the form says at its fields why there is none."""
    assert isinstance(request.user, Person)
    try:
        return ask_consensus(
            project,
            policy=policy,
            settings=settings.values,
            criterion_key=question.cleaned_data["criterion"],
            created_by=request.user,
        )
    except (Rejected, Conflict) as error:
        field = getattr(error, "field", None)
        form: forms.Form = question if field == "criterion" else settings
        form.add_error(field if field in form.fields else None, getattr(error, "reason", str(error)))
        return None


def _may(request: HttpRequest, project: Project) -> dict[str, bool]:
    return {"can_manage": role_in(request.user, project) in (Role.OWNER, Role.MANAGER)}


def _page(request: HttpRequest, project: Project, run: Run | None) -> HttpResponse:
    context: dict[str, Any] = {"project": project, "run": run, **_may(request, project)}
    undecided = undecided_runs(project)
    context["undecided"] = (undecided if run is None else undecided.exclude(pk=run.pk))[:UNDECIDED_SHOWN]
    if run is not None and run.state != RunState.DONE:
        context |= {"note": note_of(run), "earlier": consensus_runs(project)[:10]}
    elif run is not None:
        action = request.GET.get("action", "")
        reason = request.GET.get("reason", "")
        tier = request.GET.get("tier", "")
        after = key_in(request, "after")
        wanted = Wanted(
            action if action in Action.values else "", reason, tier if tier in Tier.values else ""
        )
        context |= {
            "funnel": funnel_of(run),
            "page": decision_page(run, wanted, after=after, size=PAGE),
            "is_first": after is None,
            "action": action,
            "reason": reason,
            "tier": tier,
            "tiers": tier_counts(run),
            "learned": run.summary.get("learned"),
            "audit": audit_of(run),
            "earlier": consensus_runs(project).exclude(pk=run.pk)[:10],
        }
    return render(request, "consensus/consensus.html", context)
