"""Reviewers of pairs: what waits, a pair with what everybody said of it, deciding."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from annotate.access import pair_review_for, project_for
from annotate.enums import Role
from annotate.errors import Rejected
from annotate.label.answers import Said
from annotate.label.pair_review import (
    decidable_pair_criteria,
    decide_pair,
    decisions_on_pair,
    pair_review_of,
    pair_review_queue,
)
from annotate.label.review_queue import Show
from annotate.models import Label, Pair, Project
from webapp.api.base import ByPage, NounViewSet, asker, clean
from webapp.api.deciding import decided
from webapp.api.serializers.label import LabelSerializer
from webapp.api.serializers.pair_review import (
    DecidedQuestion,
    NewPairDecision,
    PairQueueFilters,
    PairReviewSerializer,
    PairWaitingSerializer,
)


class PairReviewQueueViewSet(NounViewSet):
    """The pairs on which people differ, those with most open disagreements first."""

    queryset = Project.objects.none()
    serializer_class = PairWaitingSerializer
    pagination_class = ByPage

    @extend_schema(parameters=[PairQueueFilters])
    def list(self, request: Request, slug: str) -> Response:
        project = project_for(asker(request), slug, role=Role.REVIEWER)
        look = clean(PairQueueFilters, request.query_params)
        page = self.paginate_queryset(pair_review_queue(project, show=Show(look["show"])))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class PairReviewViewSet(NounViewSet):
    """One pair under review."""

    queryset = Pair.objects.none()
    serializer_class = PairReviewSerializer

    def retrieve(self, request: Request, pk: int) -> Response:
        """Every question, with what each person has said and what was decided."""
        return Response(self.get_serializer(pair_review_of(pair_review_for(asker(request), pk))).data)


class PairDecisionViewSet(NounViewSet):
    """What reviewers have decided about a pair."""

    queryset = Label.objects.none()
    serializer_class = LabelSerializer
    # A place is decided once: there are few.
    pagination_class = None

    def list(self, request: Request, pk: int) -> Response:
        """The decisions that stand, as labels."""
        found = decisions_on_pair(pair_review_for(asker(request), pk))
        return Response(self.get_serializer(found, many=True).data)

    @extend_schema(request=NewPairDecision, responses={200: LabelSerializer})
    def create(self, request: Request, pk: int) -> Response:
        """Decide one question; a second decision supersedes the first."""
        pair = pair_review_for(asker(request), pk)
        given = clean(NewPairDecision, request.data)
        label_id = self._decide(request, pair, given, value=given["value"], text=given["text"])
        assert label_id is not None
        return Response(self.get_serializer(Label.objects.get(pk=label_id)).data)

    @extend_schema(request=DecidedQuestion, responses={204: None})
    @action(detail=False, methods=["post"])
    def clear(self, request: Request, pk: int) -> Response:
        """Take a decision back."""
        pair = pair_review_for(asker(request), pk)
        self._decide(request, pair, clean(DecidedQuestion, request.data), is_cleared=True)
        return Response(status=204)

    def _decide(self, request: Request, pair: Pair, given: dict[str, Any], **what: Any) -> int | None:
        key = given["criterion"]
        criterion = next((one for one in decidable_pair_criteria(pair.project) if one.key == key), None)
        if criterion is None:
            raise Rejected(
                f"The project's rubric asks people no {key!r} about pairs that can be decided.",
                field="criterion",
            )
        said = Said(criterion.pk, None, seconds=given.get("seconds"), seen=given["seen"], **what)
        [written] = decide_pair(pair, asker(request), [said])
        return decided(written)
