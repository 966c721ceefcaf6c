"""Steps split and merged, and what readers report about their boundaries."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from annotate.access import assignment_for, cut_report_for, project_for, review_for
from annotate.enums import RecutKind, Role
from annotate.errors import Rejected
from annotate.label.cut_reports import leave_cut, report_cut, reports_of
from annotate.label.recutting import Cut, recut
from annotate.models import CutReport, Recut
from webapp.api.base import NounViewSet, asker
from webapp.api.serializers.recut import (
    CutReportSerializer,
    EffectSerializer,
    LeaveReport,
    NewRecut,
    NewReport,
    RecutSerializer,
    ReportFilters,
)


class RecutViewSet(NounViewSet):
    """The boundary versions of a trace, oldest first."""

    queryset = Recut.objects.none()
    serializer_class = RecutSerializer

    def list(self, request: Request, pk: int) -> Response:
        trace = review_for(asker(request), pk)
        return self.page(trace.recuts.select_related("person"))

    @extend_schema(request=NewRecut, responses=EffectSerializer)
    def create(self, request: Request, pk: int) -> Response:
        """Split a step, or merge it with the next; a dry run counts what becomes of the answers."""
        trace = review_for(asker(request), pk)
        form = NewRecut(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        if (given["kind"] == RecutKind.SPLIT) != (given["at"] is not None):
            raise Rejected("A split needs the place, and a merge has none.", field="at")
        report = None if given["report"] is None else cut_report_for(asker(request), given["report"])
        cut = Cut(given["step"], given["version"], given["at"], given["reason"])
        effect = recut(trace, asker(request), cut, report=report, is_dry_run=given["is_dry_run"])
        return Response(EffectSerializer(effect).data)


class CutReportViewSet(NounViewSet):
    """What readers have said about where steps begin and end."""

    queryset = CutReport.objects.none()
    serializer_class = CutReportSerializer

    @extend_schema(parameters=[ReportFilters])
    def list(self, request: Request, slug: str) -> Response:
        project = project_for(asker(request), slug, role=Role.REVIEWER)
        filters = ReportFilters(data=request.query_params)
        filters.is_valid(raise_exception=True)
        return self.page(reports_of(project, asker(request), is_open=filters.validated_data["is_open"]))

    @extend_schema(request=LeaveReport, responses=CutReportSerializer)
    @action(detail=True, methods=["post"])
    def leave(self, request: Request, pk: int) -> Response:
        """Answer a report: the step stays as it is."""
        found = cut_report_for(asker(request), pk)
        form = LeaveReport(data=request.data)
        form.is_valid(raise_exception=True)
        return Response(
            self.get_serializer(leave_cut(found, asker(request), form.validated_data["text"])).data
        )


class OwnReportViewSet(NounViewSet):
    """What the holder of an assignment reports."""

    queryset = CutReport.objects.none()
    serializer_class = CutReportSerializer

    @extend_schema(request=NewReport, responses=CutReportSerializer)
    def create(self, request: Request, pk: int) -> Response:
        """Say that a step's boundaries are wrong."""
        assignment = assignment_for(asker(request), pk)
        form = NewReport(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        made = report_cut(assignment, given["step"], given["fault"], given["text"], version=given["version"])
        return Response(self.get_serializer(made).data)
