"""What to buy next: machines and people by one value for what they cost."""

from __future__ import annotations

from django import conf
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods

from annotate.access import project_for
from annotate.consensus.buying import buy
from annotate.consensus.costs import names_of
from annotate.consensus.spending import Lot, Market, Offer, TraceOffers, What, market_of, plan, title_of
from annotate.enums import Role
from annotate.errors import Rejected
from annotate.models import Person, Project
from webapp.forms.spending import OrderForm, PlanForm
from workers.tasks.prelabel import send_run

# Rows of the table below the plan.
SHOWN = 30


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def spending(request: HttpRequest, slug: str) -> HttpResponse:
    """GET ?budget=&person_hour=&million_tokens=&traces= shows a plan; POST takes one lot of it."""
    project = project_for(request.user, slug, role=Role.MANAGER)
    if request.method == "POST":
        return _take(request, project)
    form = PlanForm(request.GET)
    market = market_of(project, form.prices, most=form.cleaned_data["traces"]) if form.is_valid() else None
    lots = plan(market.traces, form.cleaned_data["budget"]) if market else ()
    names = names_of(market.costs) if market else {}
    context = {
        "project": project,
        "form": form,
        "market": market,
        "lots": [(lot, title_of(lot, names), _places(lot)) for lot in lots],
        "rows": _rows(market) if market else (),
        "n_more": max(0, len(market.traces) - SHOWN) if market else 0,
        "cost": sum(lot.cost for lot in lots),
        "gain": sum(lot.gain for lot in lots),
    }
    return render(request, "consensus/spending.html", context, status=200 if form.is_valid() else 400)


def _take(request: HttpRequest, project: Project) -> HttpResponse:
    form = OrderForm(request.POST)
    if not form.is_valid():
        name, errors = next(iter(form.errors.items()))
        raise Rejected(str(errors[0]), field=name)
    assert isinstance(request.user, Person)
    bought = buy(project, form.order, created_by=request.user, allowed_backends=conf.settings.PEOPLE_MAY_USE)
    if bought.run is not None:
        send_run(bought.run)
        return redirect("run", pk=bought.run.pk)
    said = ngettext(
        "%(n)d reading was added to the queue; the other traces wait there already.",
        "%(n)d readings were added to the queue; the other traces wait there already.",
        bought.n_slots,
    )
    told = said % {"n": bought.n_slots} if bought.n_slots else gettext("They wait in the queue already.")
    messages.success(request, told)
    return redirect("spending", slug=project.slug)


def _places(lot: Lot) -> str:
    return " ".join(
        str(one.trace) if one.step is None else f"{one.trace}:{one.step + 1}" for one in lot.offers
    )


def _rows(market: Market) -> list[tuple[TraceOffers, dict[str, Offer | None]]]:
    """Each trace with its best offer of every kind."""
    return [
        (
            one,
            {what.value: next((offer for offer in one.offers if offer.what is what), None) for what in What},
        )
        for one in market.traces[:SHOWN]
    ]
