"""Comparing by a script: claim, answer, skip. Nobody reaches another person's comparison, whatever their role."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from annotate.access import comparison_for, project_for
from annotate.assign.actions import rater_of
from annotate.assign.compare.actions import (
    claim_comparison,
    extend_comparison,
    release_comparison,
    skip_comparison,
)
from annotate.assign.compare.making import make_comparisons, outlook
from annotate.assign.compare.pieces import Wanted
from annotate.assign.compare.queries import asked_scopes, compare_state
from annotate.enums import Role
from annotate.errors import Rejected
from annotate.label.comparing import Choice, compared_criteria, submit_comparison
from annotate.models import Comparison, Project
from webapp.api.base import NewestFirst, NounViewSet, asker, clean
from webapp.api.serializers.assignment import Lease, Skip
from webapp.api.serializers.comparison import (
    ComparisonAnswers,
    ComparisonClaim,
    ComparisonSerializer,
    ComparisonSheet,
    MadeComparisons,
    NewComparisons,
)
from workers.tasks.assign import send_filling


class ComparisonViewSet(NounViewSet):
    """One's own comparison, laid out: the problem, the sides, the questions and one's answers."""

    queryset = Comparison.objects.none()
    serializer_class = ComparisonSerializer
    pagination_class = NewestFirst

    def list(self, request: Request, slug: str) -> Response:
        """One's own comparisons in a project."""
        project = project_for(asker(request), slug, role=Role.ANNOTATOR)
        own = project.comparisons.filter(holder__person=asker(request))
        return self.page(own.select_related("project"))

    @extend_schema(request=None, responses=ComparisonClaim)
    @action(detail=False, methods=["post"])
    def claim(self, request: Request, slug: str) -> Response:
        """Take the next comparison, or the one held already."""
        project = project_for(asker(request), slug, role=Role.ANNOTATOR)
        rater = rater_of(project, asker(request))
        claimed = claim_comparison(project, rater) if asked_scopes(project) else None
        if claimed is None:
            return Response({"comparison": None, "reason": compare_state(project, rater).explanation})
        own = comparison_for(asker(request), claimed.pk)
        return Response({"comparison": ComparisonSheet(own).data, "reason": None})

    @extend_schema(request=NewComparisons, responses=MadeComparisons)
    @action(detail=False, methods=["post"])
    def make(self, request: Request, slug: str) -> Response:
        """Make pairs or lineups of traces of one problem, and ask people about all there are.

        Much is left to a worker; ``queue/filling/`` says how far that is.
        """
        project = project_for(asker(request), slug, role=Role.MANAGER)
        given = clean(NewComparisons, request.data)
        wanted = Wanted(given["what"], given["per_problem"], given["size"])
        if given["is_dry_run"]:
            return Response(_counted(project, wanted))
        made = make_comparisons(project, wanted)
        if made.is_left:
            send_filling(project)
        said = {"pairs": made.pairs, "lineups": made.lineups, "slots": made.slots}
        return Response(said | {"is_done": not made.is_left, "of_problems": None})

    @extend_schema(responses=ComparisonSheet)
    def retrieve(self, request: Request, pk: int) -> Response:
        return self._now(request, pk)

    @extend_schema(request=ComparisonAnswers, responses=ComparisonSheet)
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, pk: int) -> Response:
        """Answer the questions, all at once; the same lease twice is the same submission."""
        comparison = comparison_for(asker(request), pk)
        given = clean(ComparisonAnswers, request.data)
        ids = {one.key: one.pk for one in compared_criteria(comparison.project, comparison.scope)}
        choices = []
        for row, answer in enumerate(given["answers"], start=1):
            key = answer.pop("criterion")
            if key not in ids:
                reason = f"The project's rubric does not ask {key} about a {comparison.scope}."
                raise Rejected(reason, row=row, field="criterion")
            choices.append(Choice(ids[key], **answer))
        submit_comparison(comparison, given["token"], choices)
        return self._now(request, pk)

    @extend_schema(request=Skip, responses=ComparisonSerializer)
    @action(detail=True, methods=["post"])
    def skip(self, request: Request, pk: int) -> Response:
        """Leave it to somebody else, for good."""
        skip_comparison(comparison_for(asker(request), pk), **clean(Skip, request.data))
        return Response(self.get_serializer(comparison_for(asker(request), pk)).data)

    @extend_schema(request=Lease, responses=ComparisonSerializer)
    @action(detail=True, methods=["post"])
    def extend(self, request: Request, pk: int) -> Response:
        """Say that one is still at it: the lease ends a full term from now."""
        extend_comparison(comparison_for(asker(request), pk), clean(Lease, request.data)["token"])
        return Response(self.get_serializer(comparison_for(asker(request), pk)).data)

    @extend_schema(request=Lease, responses={204: None})
    @action(detail=True, methods=["post"])
    def release(self, request: Request, pk: int) -> Response:
        """Give it back unanswered."""
        release_comparison(comparison_for(asker(request), pk), clean(Lease, request.data)["token"])
        return Response(status=204)

    def _now(self, request: Request, pk: int) -> Response:
        return Response(ComparisonSheet(comparison_for(asker(request), pk)).data)


def _counted(project: Project, wanted: Wanted) -> dict[str, int | bool | None]:
    found = outlook(project, wanted)
    is_lineups = wanted.make == "lineups"
    return {
        "pairs": 0 if is_lineups else found.new,
        "lineups": found.new if is_lineups else 0,
        "slots": None,
        "is_done": None,
        "of_problems": None if found.problems is None else found.looked_at,
    }
