"""Managers: what is compared, what of it has a known answer, and what it is used for."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from annotate.access import lineup_for, pair_for, project_for
from annotate.assign.compare.lists import Compared, compared_page
from annotate.assign.compare.uses import known_to_somebody, use_compared
from annotate.enums import COMPARED, Purpose, Role, Scope
from annotate.errors import Rejected
from annotate.label.keys import Thing, decidable_questions, scope_of, write_key
from annotate.label.spread import spread_of_lineup, spread_of_pair
from annotate.models import Pair, Person
from webapp.forms.keys import KeyForm, UseForm

REVIEWS = {Scope.PAIR: "pair-review", Scope.LINEUP: "lineup-review"}


@dataclass(frozen=True, slots=True)
class Row:
    compared: Compared
    url: str


@login_required
@require_http_methods(["GET", "HEAD"])
def compared(request: HttpRequest, slug: str) -> HttpResponse:
    """Every pair, or every lineup, a page at a time by key, with its readings, its use and whether it has a key."""
    project = project_for(request.user, slug, role=Role.MANAGER)
    scope = Scope.LINEUP if request.GET.get("what") == Scope.LINEUP else Scope.PAIR
    use = request.GET.get("use", "")
    use = use if use in Purpose.values else ""
    after = request.GET.get("after", "")
    page = compared_page(project, scope, use=use, after=int(after) if after[:18].isdecimal() else None)
    context = {
        "project": project,
        "scope": scope.value,
        "use": use,
        "uses": [Purpose.WORK, Purpose.GOLD, Purpose.WITHDRAWN],
        "rows": [Row(one, reverse(REVIEWS[scope], args=[one.pk])) for one in page.rows],
        "next_after": page.next_after,
        "n_unused": sum(known_to_somebody(project, one).filter(use=Purpose.WORK).count() for one in COMPARED),
    }
    return render(request, "compare/compared.html", context)


@login_required
@require_POST
def use_known(request: HttpRequest, slug: str) -> HttpResponse:
    """Use everything that has a known answer as hidden gold: for keys that came with a file."""
    project = project_for(request.user, slug, role=Role.MANAGER)
    n = 0
    for scope in COMPARED:
        ids = known_to_somebody(project, scope).filter(use=Purpose.WORK).values_list("pk", flat=True)
        n += use_compared(project, scope, list(ids), Purpose.GOLD)
    said = ngettext("%(n)d is hidden gold from now on.", "%(n)d are hidden gold from now on.", n)
    messages.success(request, said % {"n": n} if n else gettext("Nothing ordinary has a known answer."))
    return redirect("compared", slug=slug)


@login_required
@require_POST
def pair_key(request: HttpRequest, pk: int) -> HttpResponse:
    return _write(request, pair_for(request.user, pk))


@login_required
@require_POST
def lineup_key(request: HttpRequest, pk: int) -> HttpResponse:
    return _write(request, lineup_for(request.user, pk))


def _write(request: HttpRequest, thing: Thing) -> HttpResponse:
    """Note the known answer and use it; or, with ``use`` alone, use it for something else."""
    assert isinstance(request.user, Person)
    scope = scope_of(thing)
    if "key-source" in request.POST:
        spread = spread_of_pair(thing) if isinstance(thing, Pair) else spread_of_lineup(thing)
        form = KeyForm.sent(decidable_questions(thing.project, scope), spread.sides, request.POST)
        if not form.is_valid():
            field, problems = next(iter(form.errors.items()))
            raise Rejected(" ".join(map(str, problems)), field=field)
        with transaction.atomic():
            write_key(thing, request.user, form.said(), source=form.cleaned_data["source"])
            use_compared(thing.project, scope, [thing.pk], Purpose(form.cleaned_data["use"]))
        messages.success(request, gettext("The known answer is noted. Whoever compares it is not told."))
    else:
        use = UseForm(request.POST)
        if not use.is_valid():
            raise Rejected(gettext("That is nothing it could be used for."), field="use")
        use_compared(thing.project, scope, [thing.pk], Purpose(use.cleaned_data["use"]))
        messages.success(request, gettext("It is used for something else from now on."))
    return redirect(REVIEWS[scope], pk=thing.pk)
