from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotate.access import label_for, project_for, trace_for
from annotate.enums import Role
from annotate.label.revealing import note_all_read, note_read, note_seen
from annotate.label.searching import LabelSearch
from annotate.models import Label
from webapp.api.base import LookingThrough, NounViewSet, asker
from webapp.api.serializers.ingest import IngestOptions, IngestReportSerializer
from webapp.api.serializers.label import BESIDE, LabelFilters, LabelSerializer
from webapp.api.uploads import WholeBody
from webapp.api.viewsets.ingest import ingested


class LabelViewSet(NounViewSet):
    queryset = Label.objects.none()
    serializer_class = LabelSerializer
    parser_classes = (WholeBody,)
    pagination_class = LookingThrough

    @extend_schema(parameters=[LabelFilters])
    def list(self, request: Request, slug: str) -> Response:
        """Everything raters said, oldest first. Whoever labels those traces later is not blind any more.

        Where few labels are as wanted, a page may hold fewer than asked for, or none: go on while there is a `next`.
        """
        project = project_for(asker(request), slug, role=Role.VIEWER)
        filters = LabelFilters(data=request.query_params)
        filters.is_valid(raise_exception=True)
        sought = LabelSearch(project, **filters.validated_data)
        page = self.looked_for(
            sought.wanted().prefetch_related(*BESIDE), sought.among(), nearest=sought.nearest()
        )
        note_all_read(asker(request), page)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, pk: int) -> Response:
        """One's own label, or anybody's for those who may see results, who are not blind to its trace any more."""
        label = label_for(asker(request), pk)
        note_read(asker(request), label)
        return Response(self.get_serializer(label).data)

    @extend_schema(
        parameters=[IngestOptions],
        request={"application/json": OpenApiTypes.OBJECT, "text/csv": OpenApiTypes.STR},
        responses={200: IngestReportSerializer},
    )
    def create(self, request: Request, slug: str) -> Response:
        """Bring labels in that were made elsewhere, in the labels format of docs/formats.md."""
        project = project_for(asker(request), slug, role=Role.MANAGER)
        said = IngestOptions(data=request.query_params)
        said.is_valid(raise_exception=True)
        return ingested(request, project, said, format="labels")


class TraceLabelViewSet(NounViewSet):
    queryset = Label.objects.none()
    serializer_class = LabelSerializer

    @extend_schema(parameters=[LabelFilters])
    def list(self, request: Request, pk: int) -> Response:
        """Everything raters said about a trace and its steps. Whoever labels it later is not blind any more."""
        trace = trace_for(asker(request), pk)
        filters = LabelFilters(data=request.query_params)
        filters.is_valid(raise_exception=True)
        # What stands beside a label comes in statements of its own: so many joins at once, and PostgreSQL begins at
        # the wrong end of them.
        found = _filtered(Label.objects.about(trace), filters.validated_data)
        page = self.page(found.prefetch_related(*BESIDE))
        if page.data["results"]:
            note_seen(asker(request), trace)
        return page


def _filtered(labels: QuerySet[Label], wanted: dict[str, Any]) -> QuerySet[Label]:
    columns = {
        "rater_kind": "rater__kind",
        "rater": "rater__name",
        "criterion": "criterion__key",
        "step": "step__position",
        "is_live": "is_live",
    }
    return labels.filter(**{columns[name]: value for name, value in wanted.items()})
