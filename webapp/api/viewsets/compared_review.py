"""Reviewers of pairs and lineups: what waits, one with what everybody said of it, deciding. Managers: known answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from annotate.access import lineup_for, lineup_review_for, pair_for, pair_review_for, project_for
from annotate.assign.compare.uses import use_compared
from annotate.enums import Purpose, Role, Scope
from annotate.errors import Rejected
from annotate.label.answers import Said
from annotate.label.compared_review import (
    compared_review_of,
    compared_review_queue,
    comparisons_of,
    decide_compared,
    decisions_about,
)
from annotate.label.comparing import send_comparison_back
from annotate.label.keys import Thing, decidable_questions, keys_on, scope_of, write_key
from annotate.label.review_queue import Show
from annotate.models import Criterion, Label, Lineup, Pair, Project
from webapp.api.base import ByPage, NounViewSet, asker, clean
from webapp.api.deciding import decided
from webapp.api.serializers.compared_review import (
    ComparedQueueFilters,
    DecidedQuestion,
    LineupReviewSerializer,
    LineupWaitingSerializer,
    NewComparedDecision,
    NewKey,
    PairReviewSerializer,
    PairWaitingSerializer,
    ReturnComparison,
)
from webapp.api.serializers.label import LabelSerializer


class PairReviewQueueViewSet(NounViewSet):
    """The pairs on which people differ, those with most open disagreements first."""

    queryset = Project.objects.none()
    serializer_class: Any = PairWaitingSerializer
    pagination_class = ByPage
    scope: ClassVar[Scope] = Scope.PAIR

    @extend_schema(parameters=[ComparedQueueFilters])
    def list(self, request: Request, slug: str) -> Response:
        project = project_for(asker(request), slug, role=Role.REVIEWER)
        look = clean(ComparedQueueFilters, request.query_params)
        rows = compared_review_queue(project, show=Show(look["show"]), scopes=(self.scope,))
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(rows), many=True).data)


class LineupReviewQueueViewSet(PairReviewQueueViewSet):
    """The lineups on which people differ, those with most open disagreements first."""

    serializer_class = LineupWaitingSerializer
    scope = Scope.LINEUP


class PairReviewViewSet(NounViewSet):
    """One pair under review."""

    queryset: Any = Pair.objects.none()
    serializer_class: Any = PairReviewSerializer
    door: ClassVar[Callable[..., Thing]] = staticmethod(pair_review_for)

    def retrieve(self, request: Request, pk: int) -> Response:
        """Every question, with what each person has said and what was decided."""
        return Response(self.get_serializer(compared_review_of(self.door(asker(request), pk))).data)

    @extend_schema(request=ReturnComparison, responses={204: None})
    @action(detail=True, methods=["post"])
    def send_back(self, request: Request, pk: int) -> Response:
        """Ask whoever made a comparison of it to look again; it counts no more until they submit it again."""
        found = compared_review_of(self.door(asker(request), pk))
        given = clean(ReturnComparison, request.data)
        made = {one.pk: one for one, _ in comparisons_of(found)}
        if given["comparison"] not in made:
            raise Rejected("That is no submitted comparison of it.", field="comparison")
        send_comparison_back(made[given["comparison"]], given["reason"])
        return Response(status=204)


class LineupReviewViewSet(PairReviewViewSet):
    """One lineup under review."""

    queryset = Lineup.objects.none()
    serializer_class = LineupReviewSerializer
    door = staticmethod(lineup_review_for)


class PairDecisionViewSet(NounViewSet):
    """What reviewers have decided about a pair."""

    queryset = Label.objects.none()
    serializer_class = LabelSerializer
    # A place is decided once: there are few.
    pagination_class = None
    door: ClassVar[Callable[..., Thing]] = staticmethod(pair_review_for)

    def list(self, request: Request, pk: int) -> Response:
        """The decisions that stand, as labels."""
        found = decisions_about(self.door(asker(request), pk))
        return Response(self.get_serializer(found, many=True).data)

    @extend_schema(request=NewComparedDecision, responses={200: LabelSerializer})
    def create(self, request: Request, pk: int) -> Response:
        """Decide one question; a second decision supersedes the first."""
        thing = self.door(asker(request), pk)
        given = clean(NewComparedDecision, request.data)
        label_id = self._decide(request, thing, given, value=given["value"], text=given["text"])
        assert label_id is not None
        return Response(self.get_serializer(Label.objects.get(pk=label_id)).data)

    @extend_schema(request=DecidedQuestion, responses={204: None})
    @action(detail=False, methods=["post"])
    def clear(self, request: Request, pk: int) -> Response:
        """Take a decision back."""
        thing = self.door(asker(request), pk)
        self._decide(request, thing, clean(DecidedQuestion, request.data), is_cleared=True)
        return Response(status=204)

    def _decide(self, request: Request, thing: Thing, given: dict[str, Any], **what: Any) -> int | None:
        criterion = _question(thing, given["criterion"])
        said = Said(criterion.pk, None, seconds=given.get("seconds"), seen=given["seen"], **what)
        [written] = decide_compared(thing, asker(request), [said])
        return decided(written)


class LineupDecisionViewSet(PairDecisionViewSet):
    """What reviewers have decided about a lineup."""

    door = staticmethod(lineup_review_for)


class PairKeyViewSet(NounViewSet):
    """What is known about a pair, for managers."""

    queryset = Label.objects.none()
    serializer_class = LabelSerializer
    pagination_class = None
    door: ClassVar[Callable[..., Thing]] = staticmethod(pair_for)

    def list(self, request: Request, pk: int) -> Response:
        """The known answers, as labels of gold raters."""
        return Response(self.get_serializer(keys_on(self.door(asker(request), pk)), many=True).data)

    @extend_schema(request=NewKey, responses={200: LabelSerializer(many=True)})
    def create(self, request: Request, pk: int) -> Response:
        """Note the known answers, all together, and use it as hidden gold, as ordinary work, or not at all."""
        thing = self.door(asker(request), pk)
        given = clean(NewKey, request.data)
        said = []
        for answer in given["answers"]:
            said.append(Said(_question(thing, answer["criterion"]).pk, None, answer["value"]))
        with transaction.atomic():
            if said:
                write_key(thing, asker(request), said, source=given["source"])
            use_compared(thing.project, scope_of(thing), [thing.pk], Purpose(given["use"]))
        return self.list(request, pk)


class LineupKeyViewSet(PairKeyViewSet):
    """What is known about a lineup, for managers."""

    door = staticmethod(lineup_for)


def _question(thing: Thing, key: str) -> Criterion:
    questions = decidable_questions(thing.project, scope_of(thing))
    found = next((one for one in questions if one.key == key), None)
    if found is None:
        raise Rejected(
            f"The project's rubric asks people no {key!r} about {scope_of(thing).value}s that can be decided.",
            field="criterion",
        )
    return found
