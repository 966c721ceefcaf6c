from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotate.access import project_for
from annotate.consensus.buying import Order, buy
from annotate.consensus.costs import Prices
from annotate.consensus.spending import What, as_json, market_of, plan
from annotate.enums import Role
from annotate.errors import Conflict
from annotate.models import Project
from webapp.api.base import NounViewSet, asker
from webapp.api.serializers.spending import AskedPlan, MarketSerializer, NewOrder, Taken
from workers.tasks.prelabel import send_run


class SpendingViewSet(NounViewSet):
    """What to buy next for a project's traces: more rollouts, more votes of a judge, or people."""

    queryset = Project.objects.none()
    serializer_class = MarketSerializer

    @extend_schema(parameters=[AskedPlan], responses=MarketSerializer)
    def retrieve(self, request: Request, slug: str) -> Response:
        """What a budget buys, by value per dollar."""
        project = project_for(asker(request), slug, role=Role.MANAGER)
        asked = AskedPlan(data=request.query_params)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        prices = Prices(given["person_hour"], given["million_tokens"])
        market = market_of(project, prices, most=given["traces"])
        if market is None:
            raise Conflict(
                gettext("No consensus has kept a fit of what is asked now. Run the policy posterior first.")
            )
        return Response(MarketSerializer(as_json(market, plan(market.traces, given["budget"]))).data)

    @extend_schema(request=NewOrder, responses={201: Taken})
    def create(self, request: Request, slug: str) -> Response:
        """Take a lot, or some of it: a run over exactly these traces and steps, or one more reading of each."""
        project = project_for(asker(request), slug, role=Role.MANAGER)
        new = NewOrder(data=request.data)
        new.is_valid(raise_exception=True)
        given = new.validated_data
        places = tuple((place["trace"], place["step"]) for place in given["places"])
        order = Order(What(given["what"]), given["rater"], places)
        bought = buy(project, order, created_by=asker(request), allowed_backends=settings.PEOPLE_MAY_USE)
        if bought.run is not None:
            send_run(bought.run)
        run = bought.run.pk if bought.run else None
        return Response(Taken({"run": run, "n_slots": bought.n_slots}).data, status=201)
