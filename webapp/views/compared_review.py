"""Reviewers: the pairs and lineups on which people differ, and one of them with what everybody said of it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from annotate.access import REACH, lineup_review_for, pair_review_for, project_for, role_in
from annotate.assign.compare.queries import things_of
from annotate.enums import COMPARED, Role, Scope
from annotate.errors import Rejected
from annotate.label.compared_review import (
    ComparedReview,
    compared_review_of,
    compared_review_queue,
    comparisons_of,
    decide_compared,
    events_about,
    next_compared,
    nothing_compared_because,
)
from annotate.label.comparing import send_comparison_back
from annotate.label.keys import Thing, decidable_questions, keys_on, scope_of
from annotate.label.review_queue import Show
from annotate.label.spread import spread_of_lineup, spread_of_pair
from annotate.models import Pair, Person
from webapp.forms.keys import KeyForm
from webapp.forms.review import ReturnComparisonForm, SeenForm, blank_of, said_in, trouble_in
from webapp.templatetags.typeset import has_math

PAGE = 50
REVIEWS = {Scope.PAIR: "pair-review", Scope.LINEUP: "lineup-review"}


@login_required
@require_http_methods(["GET", "HEAD"])
def queue(request: HttpRequest, slug: str) -> HttpResponse:
    """What waits for a decision, or has one, a page at a time."""
    project = project_for(request.user, slug, role=Role.REVIEWER)
    show = Show.DECIDED if request.GET.get("show") == Show.DECIDED else Show.OPEN
    page = Paginator(compared_review_queue(project, show=show), PAGE).get_page(request.GET.get("page"))
    names: dict[tuple[Scope, int], str] = {}
    for scope in COMPARED:
        ids = [row.pk for row in page if row.scope == scope]
        found = things_of(project, scope).filter(pk__in=ids).values_list("pk", "external_id")
        names |= {(scope, pk): name for pk, name in (found if ids else ())}
    context = {
        "project": project,
        "page": page,
        "rows": [(names[row.name], reverse(REVIEWS[row.scope], args=[row.pk]), row) for row in page],
        "is_decided": show is Show.DECIDED,
        "nothing": nothing_compared_because(project)
        if show is Show.OPEN
        else gettext("Nothing is decided yet."),
    }
    return render(request, "review/compared_queue.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def pair(request: HttpRequest, pk: int) -> HttpResponse:
    """One pair to decide about; a plain form saves all decisions at once and may go on to the next."""
    return _review(request, pair_review_for(request.user, pk))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def lineup(request: HttpRequest, pk: int) -> HttpResponse:
    """One lineup to decide about, its order too."""
    return _review(request, lineup_review_for(request.user, pk))


@login_required
@require_POST
def return_pair(request: HttpRequest, pk: int) -> HttpResponse:
    return _return(request, pair_review_for(request.user, pk))


@login_required
@require_POST
def return_lineup(request: HttpRequest, pk: int) -> HttpResponse:
    return _return(request, lineup_review_for(request.user, pk))


def _return(request: HttpRequest, thing: Thing) -> HttpResponse:
    """Send what somebody made of it back to them."""
    form = ReturnComparisonForm(request.POST, comparisons_of(compared_review_of(thing)))
    if not form.is_valid():
        field, problems = next(iter(form.errors.items()))
        raise Rejected(" ".join(map(str, problems)), field=field)
    send_comparison_back(form.chosen, form.cleaned_data["reason"])
    messages.success(
        request, gettext("It is back with its reader, and counts no more until they submit it again.")
    )
    return redirect(REVIEWS[scope_of(thing)], pk=thing.pk)


def _review(request: HttpRequest, thing: Thing) -> HttpResponse:
    assert isinstance(request.user, Person)
    found = compared_review_of(thing)
    if request.method != "POST":
        return _page(request, found)
    following = next_compared(compared_review_queue(thing.project), thing, request.user)
    form = SeenForm(request.POST)
    if not form.is_valid():
        raise Rejected(
            gettext("The form came without the newest decision it knew of. Reload the page."), field="seen"
        )
    said = said_in(found, request.POST, seen=form.cleaned_data["seen"])
    trouble = trouble_in(found, said, decide_compared(thing, request.user, said), _whole(thing))
    if trouble is not None:
        return _page(request, compared_review_of(thing), trouble)
    if "next" not in request.POST:
        return redirect(REVIEWS[scope_of(thing)], pk=thing.pk)
    if following is not None:
        return redirect(REVIEWS[following[0]], pk=following[1])
    return HttpResponseRedirect(reverse("pair-review-queue", args=[thing.project.slug]))


def _whole(thing: Thing) -> str:
    return gettext("The pair") if isinstance(thing, Pair) else gettext("The lineup")


def _page(request: HttpRequest, found: ComparedReview, trouble: Rejected | None = None) -> HttpResponse:
    thing = found.thing
    spread = spread_of_pair(thing) if isinstance(thing, Pair) else spread_of_lineup(thing)
    given = request.POST if trouble else None
    made = comparisons_of(found)
    can_manage = role_in(request.user, thing.project) in REACH[Role.MANAGER]
    context = {
        "review": found,
        "thing": thing,
        "name": thing.external_id,
        "is_lineup": not isinstance(thing, Pair),
        "project": thing.project,
        "spread": spread,
        "problem": spread.problem,
        "answers": [blank_of(matter, given, _whole(thing)) for matter in found.matters],
        "made": made,
        "return_form": ReturnComparisonForm(None, made),
        "return_url": reverse("return-pair" if isinstance(thing, Pair) else "return-lineup", args=[thing.pk]),
        "events": events_about(found, with_keys=can_manage),
        "keys": keys_on(thing) if can_manage else (),
        "key_form": KeyForm.of(decidable_questions(thing.project, scope_of(thing)), spread.sides, thing)
        if can_manage
        else None,
        "key_url": reverse("pair-key" if isinstance(thing, Pair) else "lineup-key", args=[thing.pk]),
        "trouble": trouble,
        "is_raw": "raw" in request.GET,
        "here": reverse(REVIEWS[scope_of(thing)], args=[thing.pk]),
        "needs_math": any(map(has_math, [spread.problem.text, *(step.text for step in spread.steps)])),
    }
    return render(request, "review/compared.html", context, status=400 if trouble else 200)
