from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotate.access import trace_for
from annotate.enums import Role
from annotate.ingest.candidates import add_candidates
from annotate.models import Candidate
from webapp.api.base import NounViewSet, asker
from webapp.api.serializers.candidate import AddedSerializer, CandidateSerializer, NewCandidates


class CandidateViewSet(NounViewSet):
    """Alternatives to a trace's steps, and critiques of them."""

    queryset = Candidate.objects.none()
    serializer_class = CandidateSerializer

    def list(self, request: Request, pk: int) -> Response:
        trace = trace_for(asker(request), pk)
        return self.page(Candidate.objects.filter(step__trace=trace).select_related("step", "rater"))

    @extend_schema(request=NewCandidates, responses={200: AddedSerializer})
    def create(self, request: Request, pk: int) -> Response:
        """Add texts to be rated, all or none; the same text about the same step is once."""
        trace = trace_for(asker(request), pk, role=Role.MANAGER)
        new = NewCandidates(data=request.data)
        new.is_valid(raise_exception=True)
        return Response(AddedSerializer(add_candidates(trace, new.drafts())).data)
