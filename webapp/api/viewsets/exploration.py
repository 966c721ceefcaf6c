from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotate.access import consensus_for, run_for
from annotate.consensus.explore.contrast import contrast_of
from annotate.consensus.explore.hearing import hearing_of
from annotate.consensus.explore.ledger import ledger_of
from annotate.consensus.explore.queries import columns_of, exploration_of, runs_beside
from annotate.enums import RunKind
from annotate.errors import NotEstimable, Rejected
from annotate.models import Consensus, Exploration, Run
from webapp.api.base import NounViewSet, asker
from webapp.api.serializers.exploration import BesideSerializer, EvidenceSerializer, ExplorationSerializer

_WITH = OpenApiParameter(
    "with", OpenApiTypes.INT, description="the other run; without, the newest that can be compared"
)


def _run(request: Request, pk: int) -> Run:
    run = run_for(asker(request), pk)
    if run.kind != RunKind.CONSENSUS:
        raise NotEstimable("This run labels and decides nothing: only consensus runs have an exploration.")
    return run


class ExplorationViewSet(NounViewSet):
    """What a consensus run comes to: kept and wrong by risk, disputes, first errors, costs."""

    queryset = Exploration.objects.none()
    serializer_class = ExplorationSerializer

    def retrieve(self, request: Request, pk: int) -> Response:
        exploration = exploration_of(_run(request, pk))
        if exploration is None:
            raise NotEstimable("This run has not been counted yet.")
        return Response(self.get_serializer(exploration).data)


class BesideViewSet(NounViewSet):
    """Two consensus runs of one question, step by step in one cross-table."""

    queryset = Run.objects.none()
    serializer_class = BesideSerializer

    @extend_schema(parameters=[_WITH])
    def retrieve(self, request: Request, pk: int) -> Response:
        run = _run(request, pk)
        others = {str(one.pk): one for one in runs_beside(run)}
        if not others:
            raise NotEstimable("There is no second counted run of this question.")
        given = request.query_params.get("with", next(iter(others)))
        if given not in others:
            raise Rejected("is no counted run of the same question in this project.", field="with")
        found = contrast_of(columns_of(run), columns_of(others[given]))
        told = {
            "left_run": run.pk,
            "right_run": others[given].pk,
            **{name: getattr(found, name) for name in ("n", "n_differing", "only_left", "only_right")},
            **{name: getattr(found, name) for name in ("left_wrong", "right_wrong", "cells")},
        }
        return Response(self.get_serializer(told).data)


class EvidenceViewSet(NounViewSet):
    """Everything that was said of one decided step, and what hangs on it."""

    queryset = Consensus.objects.none()
    serializer_class = EvidenceSerializer

    def retrieve(self, request: Request, pk: int) -> Response:
        decision = consensus_for(asker(request), pk)
        heard = hearing_of(decision)
        told = {
            "decision": decision.pk,
            "spoke": [one.label.pk for one in heard.spoke],
            "aside": heard.aside,
            "gold": [one.label.pk for one in heard.gold],
            "ruling": heard.ruling.label.pk if heard.ruling else None,
            "missing": heard.missing,
            "ledger": ledger_of(decision),
        }
        return Response(self.get_serializer(told).data)
