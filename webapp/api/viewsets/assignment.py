"""An annotator's own work: claim, answer, submit. Nobody reaches another person's assignment, whatever their role."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from annotate.access import assignment_for, project_for
from annotate.assign.actions import (
    claim_next,
    extend_lease,
    rater_of,
    release_assignment,
    skip_assignment,
)
from annotate.assign.fillings import begin_filling
from annotate.assign.queries import queue_state
from annotate.enums import Role, Scope
from annotate.errors import Conflict, Rejected
from annotate.label.actions import clear_label, save_label, submit_assignment
from annotate.label.cut_versions import boundary_of
from annotate.models import Assignment, Candidate, Criterion, Label
from webapp.api.base import NewestFirst, NounViewSet, asker, clean
from webapp.api.serializers.assignment import (
    Answer,
    AssignmentSerializer,
    Claim,
    Filled,
    Lease,
    Place,
    SheetSerializer,
    Skip,
)
from webapp.api.serializers.label import BESIDE, LabelSerializer
from workers.tasks.assign import send_filling


class AssignmentViewSet(NounViewSet):
    """One's own assignment, laid out: the problem, the steps, the questions and one's answers so far."""

    queryset = Assignment.objects.none()
    serializer_class = AssignmentSerializer
    pagination_class = NewestFirst

    def list(self, request: Request, slug: str) -> Response:
        """One's own assignments in a project."""
        project = project_for(asker(request), slug, role=Role.ANNOTATOR)
        # By the rater's key: they are found by an index instead of among everybody's.
        raters = list(project.raters.filter(person=asker(request)).values_list("pk", flat=True))
        own = project.assignments.filter(holder__in=raters)
        return self.page(own.select_related("project", "trace"))

    @extend_schema(request=None, responses=Claim)
    @action(detail=False, methods=["post"])
    def claim(self, request: Request, slug: str) -> Response:
        """Take the next trace, or the one held already."""
        project = project_for(asker(request), slug, role=Role.ANNOTATOR)
        rater = rater_of(project, asker(request))
        claimed = claim_next(project, rater)
        if claimed is None:
            return Response({"assignment": None, "reason": queue_state(project, rater).explanation})
        own = assignment_for(asker(request), claimed.pk)
        return Response({"assignment": SheetSerializer(own).data, "reason": None})

    @extend_schema(request=None, responses=Filled)
    @action(detail=False, methods=["post"])
    def fill(self, request: Request, slug: str) -> Response:
        """Give every trace as many readings as the project wants; a big project's are left to a worker."""
        project = project_for(asker(request), slug, role=Role.MANAGER)
        filling = begin_filling(project, slots=True)
        if not filling.is_over:
            send_filling(project)
        return Response({"added": filling.n_slots, "is_done": filling.is_over})

    @extend_schema(responses=SheetSerializer)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(SheetSerializer(assignment_for(asker(request), pk)).data)

    @extend_schema(request=Lease, responses=AssignmentSerializer)
    @action(detail=True, methods=["post"])
    def extend(self, request: Request, pk: int) -> Response:
        """Say that one is still at it: the lease ends a full term from now."""
        assignment = assignment_for(asker(request), pk)
        extend_lease(assignment, clean(Lease, request.data)["token"])
        return self._now(request, pk)

    @extend_schema(request=Lease, responses={204: None})
    @action(detail=True, methods=["post"])
    def release(self, request: Request, pk: int) -> Response:
        """Give the trace back to the queue."""
        assignment = assignment_for(asker(request), pk)
        release_assignment(assignment, clean(Lease, request.data)["token"])
        return Response(status=204)

    @extend_schema(request=Skip, responses=AssignmentSerializer)
    @action(detail=True, methods=["post"])
    def skip(self, request: Request, pk: int) -> Response:
        """Leave the trace to somebody else, for good."""
        assignment = assignment_for(asker(request), pk)
        skip_assignment(assignment, **clean(Skip, request.data))
        return self._now(request, pk)

    @extend_schema(request=Lease, responses=AssignmentSerializer)
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, pk: int) -> Response:
        """Make the answers count; refused while one is missing."""
        assignment = assignment_for(asker(request), pk)
        submit_assignment(assignment, clean(Lease, request.data)["token"])
        return self._now(request, pk)

    def _now(self, request: Request, pk: int) -> Response:
        return Response(self.get_serializer(assignment_for(asker(request), pk)).data)


class AnswerViewSet(NounViewSet):
    """The holder's answers to one assignment."""

    queryset = Label.objects.none()
    serializer_class = LabelSerializer

    def list(self, request: Request, pk: int) -> Response:
        assignment = assignment_for(asker(request), pk)
        own = Label.objects.live().filter(assignment=assignment, rater__person=asker(request))
        return self.page(own.select_related(*BESIDE))

    @extend_schema(request=Answer, responses={200: LabelSerializer})
    def create(self, request: Request, pk: int) -> Response:
        """Answer one question; a second answer supersedes the first."""
        assignment = assignment_for(asker(request), pk)
        answer = clean(Answer, request.data)
        label = save_label(
            assignment,
            answer["token"],
            **_target(assignment, answer),
            value=answer["value"],
            text=answer["text"],
            seconds=answer["seconds"],
            is_filled=answer["is_filled"],
        )
        return Response(self.get_serializer(label).data)

    @extend_schema(request=Place, responses={204: None})
    @action(detail=False, methods=["post"])
    def clear(self, request: Request, pk: int) -> Response:
        """Take an answer back."""
        assignment = assignment_for(asker(request), pk)
        place = clean(Place, request.data)
        clear_label(assignment, place["token"], **_target(assignment, place))
        return Response(status=204)


def _target(assignment: Assignment, place: dict[str, Any]) -> dict[str, Any]:
    """The criterion and the step or trace that are meant, as the label actions take them."""
    criterion = (
        Criterion.objects.select_related("rubric")
        .filter(rubric=assignment.project.rubric_id, key=place["criterion"])
        .first()
    )
    if criterion is None:
        raise Rejected(f"The project's rubric does not ask {place['criterion']}.", field="criterion")
    if place["candidate"] is not None:
        candidate = Candidate.objects.select_related("step").filter(
            pk=place["candidate"], step__trace=assignment.trace_id
        )
        if (found := candidate.first()) is None:
            raise Rejected("This trace has no such candidate.", field="candidate")
        return {"criterion": criterion, "candidate": found}
    if place["step"] is None:
        about_trace = assignment.trace if criterion.scope == Scope.TRACE else None
        return {"criterion": criterion, "trace": about_trace}
    step = assignment.trace.steps.filter(position=place["step"]).first()
    if step is None:
        raise Rejected(f"This trace has {assignment.trace.n_steps} steps, counted from 0.", field="step")
    # Asked after the step was read: versions only rise.
    if place["boundary"] not in (None, boundary_of(assignment)):
        raise Conflict("Steps of this trace have been split or merged since. Read the assignment again.")
    return {"criterion": criterion, "step": step}
