from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotate.access import problem_for, project_for, trace_for
from annotate.enums import Role
from annotate.models import Problem, Step, Trace
from webapp.api.base import NounViewSet, asker
from webapp.api.serializers.corpus import ProblemSerializer, StepSerializer, TraceSerializer, TraceWithSteps
from webapp.api.serializers.ingest import IngestReportSerializer, TraceIngestOptions
from webapp.api.uploads import WholeBody
from webapp.api.viewsets.ingest import ingested


class ProblemViewSet(NounViewSet):
    """What the model was asked, with the reference where one is known."""

    queryset = Problem.objects.none()
    serializer_class = ProblemSerializer

    def list(self, request: Request, slug: str) -> Response:
        project = project_for(asker(request), slug, role=Role.VIEWER)
        return self.page(project.problems.all())

    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(self.get_serializer(problem_for(asker(request), pk)).data)


class TraceViewSet(NounViewSet):
    """Attempts at problems; one alone comes with its steps."""

    queryset = Trace.objects.none()
    serializer_class = TraceSerializer
    parser_classes = (WholeBody,)

    def list(self, request: Request, slug: str) -> Response:
        project = project_for(asker(request), slug, role=Role.VIEWER)
        return self.page(project.traces.all())

    @extend_schema(responses=TraceWithSteps)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(TraceWithSteps(trace_for(asker(request), pk)).data)

    @extend_schema(
        parameters=[TraceIngestOptions],
        request={"application/json": OpenApiTypes.OBJECT, "application/x-ndjson": OpenApiTypes.STR},
        responses={200: IngestReportSerializer},
    )
    def create(self, request: Request, slug: str) -> Response:
        """Bring traces in: one object, a list, or one object per line, as docs/formats.md describes them.

        ``read_as`` takes any other format, or ``auto``; the other parameters say what the body does not say itself.
        Sending the same again changes nothing. Rows that cannot be taken are named in the answer.
        """
        project = project_for(asker(request), slug, role=Role.MANAGER)
        said = TraceIngestOptions(data=request.query_params)
        said.is_valid(raise_exception=True)
        return ingested(
            request, project, said, format=said.validated_data["read_as"], options=said.read_options()
        )


class StepViewSet(NounViewSet):
    """The steps of a trace in order. Joined, their texts are the trace, byte for byte."""

    queryset = Step.objects.none()
    serializer_class = StepSerializer

    def list(self, request: Request, pk: int) -> Response:
        trace = trace_for(asker(request), pk)
        return self.page(trace.steps.all())
