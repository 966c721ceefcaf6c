"""Reviewers: the pairs on which people differ, and one of them with what everybody said of it."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from annotate.access import pair_review_for, project_for
from annotate.enums import Role
from annotate.errors import Rejected
from annotate.label.pair_review import (
    PairReview,
    decide_pair,
    next_pair,
    no_pair_because,
    pair_review_of,
    pair_review_queue,
)
from annotate.label.review_queue import Show
from annotate.label.spread import spread_of_pair
from annotate.models import Pair, Person
from webapp.forms.review import SeenForm, blank_of, said_in, trouble_in
from webapp.templatetags.typeset import has_math

PAGE = 50


@login_required
@require_http_methods(["GET", "HEAD"])
def queue(request: HttpRequest, slug: str) -> HttpResponse:
    """The pairs that wait for a decision, or have one, a page at a time."""
    project = project_for(request.user, slug, role=Role.REVIEWER)
    show = Show.DECIDED if request.GET.get("show") == Show.DECIDED else Show.OPEN
    page = Paginator(pair_review_queue(project, show=show), PAGE).get_page(request.GET.get("page"))
    names = dict(Pair.objects.filter(pk__in=[row.pair_id for row in page]).values_list("pk", "external_id"))
    context = {
        "project": project,
        "page": page,
        "rows": [(names[row.pair_id], row) for row in page],
        "is_decided": show is Show.DECIDED,
        "nothing": no_pair_because(project) if show is Show.OPEN else gettext("No pair is decided yet."),
    }
    return render(request, "review/pairs.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """One pair to decide about; a plain form saves all decisions at once and may go on to the next pair."""
    pair = pair_review_for(request.user, pk)
    assert isinstance(request.user, Person)
    found = pair_review_of(pair)
    if request.method != "POST":
        return _page(request, found)
    following = next_pair(pair_review_queue(pair.project), pair, request.user)
    form = SeenForm(request.POST)
    if not form.is_valid():
        raise Rejected(
            gettext("The form came without the newest decision it knew of. Reload the page."), field="seen"
        )
    said = said_in(found, request.POST, seen=form.cleaned_data["seen"])
    trouble = trouble_in(said, decide_pair(pair, request.user, said), gettext("The pair"))
    if trouble is not None:
        return _page(request, pair_review_of(pair), trouble)
    if "next" not in request.POST:
        return redirect("pair-review", pk=pk)
    if following is not None:
        return redirect("pair-review", pk=following)
    return HttpResponseRedirect(reverse("pair-review-queue", args=[pair.project.slug]))


def _page(request: HttpRequest, found: PairReview, trouble: Rejected | None = None) -> HttpResponse:
    spread = spread_of_pair(found.pair)
    steps = [*spread.shared, *(step for side in spread.sides for step in side.steps)]
    given = request.POST if trouble else None
    context = {
        "review": found,
        "pair": found.pair,
        "project": found.pair.project,
        "spread": spread,
        "problem": spread.problem,
        "answers": [blank_of(matter, given, gettext("The pair")) for matter in found.matters],
        "trouble": trouble,
        "is_raw": "raw" in request.GET,
        "needs_math": any(map(has_math, [spread.problem.text, *(step.text for step in steps)])),
    }
    return render(request, "review/pair.html", context, status=400 if trouble else 200)
