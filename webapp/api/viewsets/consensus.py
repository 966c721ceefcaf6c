from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotate.access import consensus_for, project_for, run_for
from annotate.consensus.actions import ask_consensus
from annotate.consensus.queries import consensus_runs
from annotate.enums import Role, Tier
from annotate.errors import Rejected
from annotate.models import Consensus, Run
from webapp.api.base import ByStep, NewestFirst, NounViewSet, asker
from webapp.api.serializers.consensus import AskedConsensus, DecisionSerializer, NewConsensus
from webapp.api.serializers.run import RunSerializer
from workers.tasks.consensus import send_consensus


class ConsensusViewSet(NounViewSet):
    """Finished consensus runs, newest first; the funnel is in ``summary``."""

    queryset = Run.objects.none()
    serializer_class = RunSerializer
    pagination_class = NewestFirst

    def list(self, request: Request, slug: str) -> Response:
        project = project_for(asker(request), slug, role=Role.VIEWER)
        return self.page(consensus_runs(project).select_related("rater", "created_by"))

    @extend_schema(request=NewConsensus, responses={202: AskedConsensus})
    def create(self, request: Request, slug: str) -> Response:
        """Ask a worker to decide every step by a policy."""
        project = project_for(asker(request), slug, role=Role.MANAGER)
        new = NewConsensus(data=request.data)
        new.is_valid(raise_exception=True)
        # Refused here, where the person is, rather than in a worker's log.
        run = ask_consensus(
            project,
            policy=new.validated_data["policy"],
            settings=new.validated_data.get("settings", {}),
            criterion_key=new.validated_data["criterion"],
            created_by=asker(request),
        )
        send_consensus(run)
        detail = "A worker is deciding; the run is listed here when it is done."
        return Response({"run": run.pk, "detail": detail}, status=202)


class DecisionViewSet(NounViewSet):
    """What a consensus run decided about each step, and why."""

    queryset = Consensus.objects.none()
    serializer_class = DecisionSerializer
    pagination_class = ByStep

    @extend_schema(parameters=[OpenApiParameter("tier", str, enum=Tier.values)])
    def list(self, request: Request, pk: int) -> Response:
        """What a consensus run decided about each step, and why, in the order of the steps.

        Where few are of a tier, a page may be short: go on while there is a `next`.
        """
        run = run_for(asker(request), pk)
        decisions = run.consensus.select_related("step")
        tier = request.query_params.get("tier", "")
        if tier:
            if tier not in Tier.values:
                raise Rejected(f"must be one of {', '.join(Tier.values)}.", field="tier")
            decisions = decisions.filter(tier=tier)
        page = self.looked_for(decisions, run.consensus.all())
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(self.get_serializer(consensus_for(asker(request), pk)).data)
