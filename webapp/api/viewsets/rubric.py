from __future__ import annotations

from django.db.models import Prefetch, prefetch_related_objects
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from annotate.access import project_for, rubric_for
from annotate.enums import Role
from annotate.ingest.founding import (
    create_from_preset,
    create_rubric,
    discard_draft,
    draft_version,
    rewrite_rubric,
    use_rubric,
)
from annotate.ingest.presets import GALLERY
from annotate.ingest.rubric_rows import criteria_of
from annotate.label.actions import carry_over
from annotate.label.mapping import from_json, usual_moves
from annotate.models import Criterion, Rubric
from webapp.api.base import NounViewSet, asker
from webapp.api.serializers.rubric import (
    CarriageSerializer,
    Carrying,
    NewRubric,
    PresetSerializer,
    RewrittenRubric,
    RubricSerializer,
    presets_of,
)

PARTS = Prefetch(
    "criteria", Criterion.objects.select_related("parent", "condition").prefetch_related("levels")
)


class RubricViewSet(NounViewSet):
    """The versions of a project's rubrics. A version with labels is frozen; a change is a new version."""

    queryset = Rubric.objects.none()
    serializer_class = RubricSerializer

    def list(self, request: Request, slug: str) -> Response:
        project = project_for(asker(request), slug)
        return self.page(project.rubrics.prefetch_related(PARTS))

    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(self.get_serializer(_whole(rubric_for(asker(request), pk))).data)

    @extend_schema(request=RewrittenRubric)
    def update(self, request: Request, pk: int) -> Response:
        """Let a version without labels ask exactly these. A criterion that keeps its key stays the same one."""
        rubric = rubric_for(asker(request), pk, role=Role.MANAGER)
        new = RewrittenRubric(data=request.data)
        new.is_valid(raise_exception=True)
        given = new.validated_data
        rubric = rewrite_rubric(rubric, presets_of(given["criteria"]), guidelines=given["guidelines"])
        return Response(self.get_serializer(_whole(rubric)).data)

    def destroy(self, request: Request, pk: int) -> Response:
        """Discard a version that no label rests on and that is not in use."""
        discard_draft(rubric_for(asker(request), pk, role=Role.MANAGER))
        return Response(status=204)

    @extend_schema(request=None, responses={201: RubricSerializer})
    @action(detail=True, methods=["post"])
    def draft(self, request: Request, pk: int) -> Response:
        """Write the next version, asking what this one asks; it is asked by once it is put to use."""
        rubric = draft_version(rubric_for(asker(request), pk, role=Role.MANAGER))
        return Response(self.get_serializer(_whole(rubric)).data, status=201)

    @extend_schema(request=None, responses={204: None})
    @action(detail=True, methods=["post"])
    def use(self, request: Request, pk: int) -> Response:
        """Let the project ask by this version from now on."""
        rubric = rubric_for(asker(request), pk, role=Role.MANAGER)
        use_rubric(rubric.project, rubric)
        return Response(status=204)

    @extend_schema(request=Carrying, responses={200: CarriageSerializer})
    @action(detail=True, methods=["post"])
    def carry(self, request: Request, pk: int) -> Response:
        """Let the project ask by this version, and carry over what was said under the one in use."""
        rubric = rubric_for(asker(request), pk, role=Role.MANAGER)
        project = project_for(asker(request), rubric.project.slug, role=Role.MANAGER)
        given = Carrying(data=request.data)
        given.is_valid(raise_exception=True)
        before = criteria_of(project.rubric) if project.rubric else []
        moves = from_json(given.validated_data["mapping"], usual_moves(before, criteria_of(rubric)))
        carriage = carry_over(rubric, moves, is_dry_run=given.validated_data["is_dry_run"])
        return Response(CarriageSerializer(carriage).data)

    @extend_schema(request=NewRubric, responses={201: RubricSerializer})
    def create(self, request: Request, slug: str) -> Response:
        """Write the next version of the rubric of that name; the project asks by it once it is put to use."""
        project = project_for(asker(request), slug, role=Role.MANAGER)
        new = NewRubric(data=request.data)
        new.is_valid(raise_exception=True)
        given = new.validated_data
        if "preset" in given:
            rubric = create_from_preset(project, given["preset"])
        else:
            rubric = create_rubric(
                project, name=given["name"], criteria=new.presets(), guidelines=given["guidelines"]
            )
        return Response(self.get_serializer(_whole(rubric)).data, status=201)


class PresetViewSet(NounViewSet):
    """Rubrics that work as they stand."""

    queryset = Rubric.objects.none()
    serializer_class = PresetSerializer
    pagination_class = None

    @extend_schema(responses=PresetSerializer(many=True), operation_id="presets_list")
    def list(self, request: Request) -> Response:
        return Response(self.get_serializer(list(GALLERY.values()), many=True).data)


def _whole(rubric: Rubric) -> Rubric:
    prefetch_related_objects([rubric], PARTS)
    return rubric
