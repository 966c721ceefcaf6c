"""Comparing: getting a pair or a lineup, saying what one thinks of it, and making them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from annotate.access import REACH, comparison_for, project_for, role_in
from annotate.assign.actions import rater_of
from annotate.assign.compare.actions import (
    claim_comparison,
    extend_comparison,
    release_comparison,
    skip_comparison,
)
from annotate.assign.compare.filling import Made
from annotate.assign.compare.making import Outlook, make_comparisons, outlook
from annotate.assign.compare.pieces import Wanted
from annotate.assign.compare.queries import asked_scopes, compare_counts, compare_state
from annotate.assign.fillings import filling_of
from annotate.assign.queries import feedback_on
from annotate.enums import AssignmentState, Role, Scope
from annotate.errors import Rejected
from annotate.ingest.pairing import pairs_there
from annotate.label.comparing import compared_criteria, own_answers, submit_comparison
from annotate.label.shortcuts import keys_of, without_levels
from annotate.label.spread import Spread, spread_of
from annotate.models import Comparison, Person, Project
from annotate.prelabel.runs.attendance import on_duty
from webapp.forms.compare import (
    LineupsForm,
    PairsForm,
    blanks_of,
    choices_in,
    lease_in,
    posted_blanks,
)
from webapp.templatetags.typeset import has_math
from workers.tasks.assign import send_filling


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def compare(request: HttpRequest, slug: str) -> HttpResponse:
    """GET says what there is to compare for this person; POST takes the next."""
    project = project_for(request.user, slug, role=Role.ANNOTATOR)
    assert isinstance(request.user, Person)
    rater = rater_of(project, request.user)
    if request.method == "POST" and asked_scopes(project):
        taken = claim_comparison(project, rater)
        if taken is not None:
            return redirect("comparison", pk=taken.pk)
    context = {
        "project": project,
        "state": compare_state(project, rater),
        "filling": filling_of(project),
        "can_manage": role_in(request.user, project) in REACH[Role.MANAGER],
    }
    return render(request, "compare/queue.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def comparison(request: HttpRequest, pk: int) -> HttpResponse:
    """The comparing page: one plain form, which a script makes quicker."""
    held = comparison_for(request.user, pk)
    if request.method != "POST":
        return _page(request, held)
    token, _note = lease_in(request.POST)
    spread = spread_of(held)
    criteria = compared_criteria(held.project, held.scope)
    try:
        done = submit_comparison(held, token, choices_in(criteria, spread.sides, request.POST))
    except Rejected as trouble:
        return _page(request, held, spread, trouble)
    if told := feedback_on(done):
        messages.info(request, told)
    return _following(held)


@login_required
@require_POST
def skip(request: HttpRequest, pk: int) -> HttpResponse:
    held = comparison_for(request.user, pk)
    token, note = lease_in(request.POST)
    skip_comparison(held, token, note=note)
    return _following(held)


@login_required
@require_POST
def release(request: HttpRequest, pk: int) -> HttpResponse:
    held = comparison_for(request.user, pk)
    token, _note = lease_in(request.POST)
    release_comparison(held, token)
    messages.success(request, gettext("It is back in the queue. Nothing you chose in it was stored."))
    return redirect("project", slug=held.project.slug)


@login_required
@require_POST
def lease(request: HttpRequest, pk: int) -> JsonResponse:
    """The open page's sign of life."""
    held = comparison_for(request.user, pk)
    token, _note = lease_in(request.POST)
    return JsonResponse({"held_until": extend_comparison(held, token).held_until})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def make(request: HttpRequest, slug: str) -> HttpResponse:
    """What there is to compare, and what more there could be, or only how far a worker is, for htmx.

    POST makes it and asks people about it; what is much is left to a worker.
    """
    project = project_for(request.user, slug, role=Role.MANAGER)
    context: dict[str, Any] = {"project": project, "filling": filling_of(project)}
    if context["filling"] is not None:
        context["has_worker"] = any("cpu" in one.queues.split(",") for one in on_duty())
    if request.headers.get("HX-Request") is not None:
        return render(request, "compare/make.html#live", context)
    do = request.POST.get("do", "") if request.method == "POST" else ""
    pairs = PairsForm(_given(request, "sides", do == "pairs"))
    lineups = LineupsForm(_given(request, "lineup-size", do == "lineups"))
    if do == "pairs" and pairs.is_valid():
        return _made(request, project, make_comparisons(project, _wanted(pairs)))
    if do == "lineups" and lineups.is_valid():
        return _made(request, project, make_comparisons(project, _wanted(lineups)))
    if do == "fill":
        return _made(request, project, make_comparisons(project, Wanted()))
    scopes = asked_scopes(project)
    context |= _there(project) | {
        "scopes": scopes,
        "pairs": pairs,
        "lineups": lineups,
        "new_pairs": _outlook(project, pairs) if Scope.PAIR in scopes else None,
        "new_lineups": _outlook(project, lineups) if Scope.LINEUP in scopes else None,
    }
    is_wrong = any(form.is_bound and form.errors for form in (pairs, lineups))
    return render(request, "compare/make.html", context, status=400 if is_wrong else 200)


def _there(project: Project) -> dict[str, Any]:
    """What there is to compare, and how far people are with it."""
    n_traces, n_steps = pairs_there(project)
    return {
        "counts": compare_counts(project),
        "n_pairs_of_traces": n_traces,
        "n_pairs_of_steps": n_steps,
        "n_lineups": project.lineups.count(),
    }


def _given(request: HttpRequest, field: str, is_posted: bool) -> Any:
    """What a form is bound to: what was sent, or what a link asks to be counted; else its usual values."""
    if is_posted:
        return request.POST
    return request.GET if field in request.GET else None


def _wanted(form: PairsForm | LineupsForm) -> Wanted:
    """What the form's values, or its usual ones, ask for."""
    given = form.cleaned_data if form.is_bound else form.usual()
    if isinstance(form, PairsForm):
        return Wanted(given["sides"], given["per_problem"])
    return Wanted("lineups", given["per_problem"], given["size"])


def _outlook(project: Project, form: PairsForm | LineupsForm) -> Outlook | None:
    """What the form's values, or its usual ones, would make; None where they are none."""
    return outlook(project, _wanted(form)) if not form.is_bound or form.is_valid() else None


def _made(request: HttpRequest, project: Project, made: Made) -> HttpResponse:
    if made.is_left:
        send_filling(project)
        messages.success(
            request, gettext("A worker does it in pieces. You can leave this page; it says how far it is.")
        )
        return redirect("make-comparisons", slug=project.slug)
    said = []
    if made.pairs:
        said.append(ngettext("%(n)d pair made.", "%(n)d pairs made.", made.pairs) % {"n": made.pairs})
    if made.lineups:
        said.append(ngettext("%(n)d lineup made.", "%(n)d lineups made.", made.lineups) % {"n": made.lineups})
    if made.slots:
        said.append(
            ngettext(
                "People are asked for %(n)d comparison more.",
                "People are asked for %(n)d comparisons more.",
                made.slots,
            )
            % {"n": made.slots}
        )
    messages.success(
        request, " ".join(said) or gettext("There was nothing to make that is not there already.")
    )
    return redirect("make-comparisons", slug=project.slug)


def _following(held: Comparison) -> HttpResponse:
    """On to the next, or to why there is none."""
    project = held.project
    assert held.holder is not None
    following = claim_comparison(project, held.holder) if asked_scopes(project) else None
    if following is None:
        return redirect("compare", slug=project.slug)
    return redirect("comparison", pk=following.pk)


def _page(
    request: HttpRequest, held: Comparison, spread: Spread | None = None, trouble: Rejected | None = None
) -> HttpResponse:
    assert isinstance(request.user, Person)
    spread = spread or spread_of(held)
    criteria = compared_criteria(held.project, held.scope)
    if trouble is not None:
        blanks = posted_blanks(criteria, spread.sides, request.POST, trouble=trouble.field or "")
    else:
        blanks = blanks_of(criteria, spread.sides, own_answers(held))
    is_raw = "raw" in request.GET
    taken = {level.hotkey for blank in blanks for level in blank.levels if level.hotkey}
    keys = without_levels(keys_of(request.user.keys), taken)
    context = {
        "comparison": held,
        "project": held.project,
        "spread": spread,
        "is_lineup": held.scope == Scope.LINEUP,
        "blanks": blanks,
        "numbers": range(1, len(spread.sides) + 1),
        "is_open": held.state == AssignmentState.HELD,
        "is_raw": is_raw,
        "needs_math": not is_raw
        and any(map(has_math, [spread.problem.text, *(step.text for step in spread.steps)])),
        "trouble": trouble,
        "skip_key": keys.get("skip", ""),
        "next_key": keys.get("next", ""),
        "previous_key": keys.get("previous", ""),
        "state": compare_state(held.project, held.holder),
    }
    return render(request, "compare/comparison.html", context, status=400 if trouble else 200)
