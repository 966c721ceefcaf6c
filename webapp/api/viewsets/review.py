"""Reviewers: what waits, a trace side by side, deciding, sending back, and histories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from annotate.access import project_for, reading_for, review_for
from annotate.consensus.queries import latest_consensus
from annotate.enums import Role
from annotate.errors import Rejected
from annotate.label.answers import Said
from annotate.label.decisions import decidable_criteria, decide, decisions_on, hide_readers
from annotate.label.discussion import send_back
from annotate.label.history import Who, event_of, events_at, marks_of, own_labels
from annotate.label.returns import returned_of
from annotate.label.revealing import note_seen
from annotate.label.review import review_of
from annotate.label.review_queue import Order, Show, review_queue
from annotate.models import Criterion, Label, Project, Trace
from webapp.api.base import ByPage, NewestFirst, NounViewSet, asker, clean
from webapp.api.deciding import decided
from webapp.api.serializers.label import LabelSerializer
from webapp.api.serializers.review import (
    DecidedPlace,
    EventSerializer,
    HistoryFilters,
    NamesHidden,
    NewDecision,
    QueueFilters,
    ReturnedSerializer,
    ReviewSerializer,
    SendBack,
    SentBackSerializer,
    WaitingSerializer,
)


class ReviewQueueViewSet(NounViewSet):
    """The traces on which submitted readings differ, most wanted first."""

    queryset = Project.objects.none()
    serializer_class = WaitingSerializer
    pagination_class = ByPage

    @extend_schema(parameters=[QueueFilters])
    def list(self, request: Request, slug: str) -> Response:
        project = project_for(asker(request), slug, role=Role.REVIEWER)
        look = clean(QueueFilters, request.query_params)
        key = look.get("criterion")
        rows = review_queue(
            project,
            criterion=_criterion(project, key) if key else None,
            order=Order(look["order"]),
            show=Show(look["show"]),
            run=latest_consensus(project),
        )
        return paged(self, rows)

    @extend_schema(request=NamesHidden, responses=NamesHidden)
    @action(detail=False, methods=["post"])
    def names(self, request: Request, slug: str) -> Response:
        """Hide readers' names from reviewers until a step is decided, or do not."""
        project = project_for(asker(request), slug, role=Role.MANAGER)
        hide_readers(project, clean(NamesHidden, request.data)["hides_readers"])
        return Response({"hides_readers": project.hides_readers})


class ReviewViewSet(NounViewSet):
    """One trace under review."""

    queryset = Trace.objects.none()
    serializer_class = ReviewSerializer

    def retrieve(self, request: Request, pk: int) -> Response:
        """Every question at every place, with what each person has submitted and what was decided."""
        trace = review_for(asker(request), pk)
        note_seen(asker(request), trace)
        return Response(self.get_serializer(review_of(trace)).data)

    @extend_schema(responses=ReturnedSerializer(many=True))
    @action(detail=True, methods=["get"])
    def returned(self, request: Request, pk: int) -> Response:
        """Every sending back of readings of the trace, oldest first."""
        found = returned_of(review_for(asker(request), pk))
        return Response(ReturnedSerializer(found, many=True).data)

    @extend_schema(request=SendBack, responses=SentBackSerializer)
    @action(detail=True, methods=["post"])
    def send_back(self, request: Request, pk: int) -> Response:
        """Return a submitted reading to its reader: it counts no more until it is submitted again."""
        trace = review_for(asker(request), pk)
        given = clean(SendBack, request.data)
        reading = reading_for(asker(request), given["reading"])
        if reading.trace_id != trace.pk:
            raise Rejected("That is a reading of another trace.", field="reading")
        said = [(one["step"], one["text"]) for one in given["comments"]]
        send_back(reading, asker(request), said)
        reading.refresh_from_db()
        return Response(SentBackSerializer(reading).data)


class TraceDecisionViewSet(NounViewSet):
    """What reviewers have decided about a trace."""

    queryset = Label.objects.none()
    serializer_class = LabelSerializer
    # A place is decided once: there are few.
    pagination_class = None

    def list(self, request: Request, pk: int) -> Response:
        """The decisions that stand, as labels."""
        found = decisions_on(review_for(asker(request), pk))
        return Response(self.get_serializer(found, many=True).data)

    @extend_schema(request=NewDecision, responses={200: LabelSerializer})
    def create(self, request: Request, pk: int) -> Response:
        """Decide one question at one place; a second decision supersedes the first."""
        trace = review_for(asker(request), pk)
        given = clean(NewDecision, request.data)
        label_id = self._decide(request, trace, given, value=given["value"], text=given["text"])
        assert label_id is not None
        return Response(self.get_serializer(Label.objects.get(pk=label_id)).data)

    @extend_schema(request=DecidedPlace, responses={204: None})
    @action(detail=False, methods=["post"])
    def clear(self, request: Request, pk: int) -> Response:
        """Take a decision back."""
        trace = review_for(asker(request), pk)
        self._decide(request, trace, clean(DecidedPlace, request.data), is_cleared=True)
        return Response(status=204)

    def _decide(self, request: Request, trace: Trace, given: dict[str, Any], **what: Any) -> int | None:
        criterion = _criterion(trace.project, given["criterion"])
        where = {"position": given["step"], "candidate": given["candidate"]}
        said = Said(criterion.pk, **where, seconds=given.get("seconds"), seen=given["seen"], **what)
        [written] = decide(trace, asker(request), [said])
        return decided(written)


class HistoryViewSet(NounViewSet):
    """What was said, in its order; nothing is ever changed or deleted."""

    queryset = Trace.objects.none()
    serializer_class = EventSerializer
    pagination_class = ByPage

    @extend_schema(parameters=[HistoryFilters])
    def list(self, request: Request, pk: int) -> Response:
        """Every label of a trace and every sending back, oldest first."""
        trace = review_for(asker(request), pk)
        look = clean(HistoryFilters, request.query_params)
        who = look.get("who")
        marks = marks_of(trace, position=look.get("step"), who=Who(who) if who else None)
        page = self.paginate_queryset(marks) or []
        events = events_at(list(page), review_of(trace))
        return self.get_paginated_response(self.get_serializer(events, many=True).data)


class OwnHistoryViewSet(NounViewSet):
    queryset = Project.objects.none()
    serializer_class = EventSerializer
    pagination_class = NewestFirst

    def list(self, request: Request, slug: str) -> Response:
        """What one has said oneself in a project, newest first."""
        project = project_for(asker(request), slug, role=Role.ANNOTATOR)
        page = self.paginate_queryset(own_labels(project, asker(request))) or []
        events = [event_of(label, "You") for label in page]
        return self.get_paginated_response(self.get_serializer(events, many=True).data)


def paged(view: NounViewSet, rows: Sequence[Any]) -> Response:
    page = view.paginate_queryset(rows)
    return view.get_paginated_response(view.get_serializer(page, many=True).data)


def _criterion(project: Project, key: str) -> Criterion:
    found = next((one for one in decidable_criteria(project) if one.key == key), None)
    if found is None:
        raise Rejected(f"The project's rubric asks people no {key!r} that can be decided.", field="criterion")
    return found
