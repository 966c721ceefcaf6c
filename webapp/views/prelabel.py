"""Machine runs: started, followed, stopped."""

from __future__ import annotations

from itertools import groupby

from django import conf
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from annotate.access import project_for, role_in, run_for, trace_for
from annotate.consensus.actions import stop_run
from annotate.enums import Role, RunKind, Scope
from annotate.errors import Rejected
from annotate.models import Person
from annotate.models.counting import bounded_count
from annotate.prelabel.actions import open_run, raise_budget, retry_failed
from annotate.prelabel.asking.transcripts import exchanges_about
from annotate.prelabel.queries import given_up, run_progress
from annotate.prelabel.runs.attendance import on_duty
from annotate.prelabel.strategies import STRATEGIES, strategy_called
from webapp.forms import UNSENT_RUN, SettingsForm
from webapp.forms.prelabel import BudgetForm, RunForm
from webapp.paging import key_in
from workers.calibration import settings_beside
from workers.tasks.prelabel import queue_of, send_run

UNITS_A_PAGE = 100
# What htmx takes as "stop polling".
STOP_POLLING = 286


@login_required
@require_http_methods(["GET", "HEAD"])
def runs(request: HttpRequest, slug: str) -> HttpResponse:
    project = project_for(request.user, slug, role=Role.VIEWER)
    context = {
        "project": project,
        "runs": project.runs.select_related("rater", "criterion", "created_by")[:200],
        "can_manage": role_in(request.user, project) in (Role.OWNER, Role.MANAGER),
    }
    return render(request, "prelabel/runs.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_run(request: HttpRequest, slug: str) -> HttpResponse:
    """GET ?strategy= sets the form up; POST opens the run and sends it to a worker."""
    project = project_for(request.user, slug, role=Role.MANAGER)
    given = request.POST if request.method == "POST" else request.GET
    name = given.get("strategy", next(iter(STRATEGIES)))
    entry = strategy_called(name)
    data = request.POST if request.method == "POST" else None
    form = RunForm(project, entry, data)
    allowed = conf.settings.PEOPLE_MAY_USE
    brought = settings_beside(name, given.get("backend", ""), allowed=allowed)
    settings = SettingsForm(entry.settings_class, data, beside=brought)
    # Both are asked, so that all errors show at once.
    if data is not None and all([form.is_valid(), settings.is_valid()]):
        assert isinstance(request.user, Person)
        try:
            run = open_run(
                project,
                strategy=name,
                backend=form.cleaned_data.get("backend", ""),
                settings=settings.values,
                criterion_key=form.cleaned_data["criterion"] or None,
                pairs_per_problem=form.cleaned_data.get("pairs_per_problem", 1),
                created_by=request.user,
                allowed_backends=allowed,
                budget_tokens=form.cleaned_data.get("budget_tokens"),
                budget_completions=form.cleaned_data.get("budget_completions"),
            )
        except Rejected as error:
            form.add_error(error.field if error.field in form.fields else None, error.reason)
        else:
            if not send_run(run):
                messages.warning(request, UNSENT_RUN)
            return redirect("run", pk=run.pk)
    context = {
        "project": project,
        "entry": entry,
        "groups": [
            (kind, list(group)) for kind, group in groupby(STRATEGIES.values(), lambda one: one.rater_kind)
        ],
        "form": form,
        "settings": settings,
    }
    return render(request, "prelabel/new_run.html", context, status=200 if data is None else 400)


@login_required
@require_http_methods(["GET", "HEAD"])
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """The run's page, or only its moving part for htmx, which stops asking once the run is over."""
    found = run_for(request.user, pk)
    if found.kind == RunKind.CONSENSUS:
        return redirect("consensus-run", pk=pk)
    progress = run_progress(found)
    found.refresh_from_db()
    context = {
        "run": found,
        "project": found.project,
        "progress": progress,
        "queue": queue_of(found),
        "on_duty": () if progress.is_over else on_duty(),
        "is_about_pairs": found.criterion.scope == Scope.PAIR,
        "can_manage": role_in(request.user, found.project) in (Role.OWNER, Role.MANAGER),
    }
    if not request.headers.get("HX-Request"):
        return render(request, "prelabel/run.html", context)
    status = STOP_POLLING if progress.is_over else 200
    return render(request, "prelabel/run.html#live", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD"])
def answers(request: HttpRequest, pk: int) -> HttpResponse:
    """GET ?trace=&step=: what the run's backends were asked about one place, and every answer."""
    found = run_for(request.user, pk)
    given, place = request.GET.get("trace", ""), request.GET.get("step", "")
    if not given.isdecimal() or (place and not place.isdecimal()):
        raise Rejected(gettext("name a trace, and a step by its number from 0"), field="trace")
    trace = trace_for(request.user, int(given))
    position = int(place) if place else None
    context = {
        "run": found,
        "project": found.project,
        "trace": trace,
        "step": None if position is None else trace.steps.filter(position=position).first(),
        "exchanges": exchanges_about(found, trace, position),
    }
    return render(request, "prelabel/answers.html", context)


@login_required
@require_http_methods(["GET", "HEAD"])
def failed(request: HttpRequest, pk: int) -> HttpResponse:
    """What the run gave up at, each with its reason, to be tried again one by one or all at once."""
    found = run_for(request.user, pk)
    after = key_in(request, "after")
    units = list(given_up(found, after=after)[: UNITS_A_PAGE + 1])
    context = {
        "run": found,
        "project": found.project,
        "units": units[:UNITS_A_PAGE],
        "count": bounded_count(given_up(found)),
        "is_first": after is None,
        "next_after": units[UNITS_A_PAGE - 1].pk if len(units) > UNITS_A_PAGE else None,
        "can_manage": role_in(request.user, found.project) in (Role.OWNER, Role.MANAGER),
    }
    return render(request, "prelabel/failed.html", context)


@login_required
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    found = run_for(request.user, pk, role=Role.MANAGER)
    if not stop_run(found):
        messages.warning(request, gettext("The run was over already."))
    elif found.kind == RunKind.CONSENSUS:
        messages.success(request, gettext("Stopped. Earlier decisions stand."))
    else:
        messages.success(request, gettext("Stopping. Labels and answers that are there already stay."))
    return redirect("run", pk=pk)


@login_required
@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Try unfinished traces again, with a raised budget if one is sent; what was paid for is not paid for twice.

    ``only`` = failed leaves the cancelled ones alone; ``unit`` names a single one.
    """
    found = run_for(request.user, pk, role=Role.MANAGER)
    limits = BudgetForm(request.POST)
    if not limits.is_valid():
        raise Rejected(gettext("must be a whole number above 0"), field=next(iter(limits.errors)))
    raised = {name.removeprefix("budget_"): limit for name, limit in limits.cleaned_data.items() if limit}
    if raised:
        raise_budget(found, **raised)
    unit = request.POST.get("unit", "")
    if unit and not unit.isdecimal():
        raise Rejected(gettext("must be the number of a unit"), field="unit")
    count = retry_failed(
        found, only_failed=request.POST.get("only") == "failed", unit=int(unit) if unit else None
    )
    if count:
        send_run(found)
    if found.criterion.scope == Scope.PAIR:
        said = ngettext("%(count)d pair will be tried again.", "%(count)d pairs will be tried again.", count)
    else:
        said = ngettext(
            "%(count)d trace will be tried again.", "%(count)d traces will be tried again.", count
        )
    messages.success(request, said % {"count": count})
    return redirect("run", pk=pk)
