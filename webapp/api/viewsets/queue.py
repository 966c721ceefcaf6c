"""What managers do to a queue and see of it; the pages call the same actions."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from annotate.access import invitation_for, project_for, rater_for
from annotate.assign.fillings import begin_filling, cancel_filling, filling_of, resume_filling
from annotate.assign.manage.actions import act_on_reader, change_rules
from annotate.assign.manage.changes import change_traces
from annotate.assign.manage.contracts import Change, TraceFilter
from annotate.assign.manage.lists import traces_where
from annotate.assign.manage.queries import overview_of, people_page
from annotate.assign.rules import QueueRules, as_json, rules_of
from annotate.enums import Role
from annotate.ingest.inviting import invite, token_of, withdraw
from annotate.models import Invitation, Project
from annotate.settings import build_settings
from webapp.api.base import NewestFirst, NounViewSet, asker, clean
from webapp.api.serializers.queue import (
    Acted,
    ActOnFilling,
    ActOnReader,
    Changed,
    ChangeOfTraces,
    FillingNow,
    InvitationSerializer,
    NewInvitation,
    OverviewSerializer,
    QueueSettings,
    Renewed,
    WhoseOverview,
)
from workers.tasks.assign import send_filling


class QueueViewSet(NounViewSet):
    """The queue of a project, for those who manage it."""

    queryset = Project.objects.none()
    serializer_class = QueueSettings

    def retrieve(self, request: Request, slug: str) -> Response:
        """What the queue goes by."""
        return self._settings(project_for(asker(request), slug, role=Role.MANAGER))

    @extend_schema(request=QueueSettings, responses=QueueSettings)
    def update(self, request: Request, slug: str) -> Response:
        """Change what the queue goes by; what is open moves at once, in a big project once a worker has done it."""
        project = project_for(asker(request), slug, role=Role.MANAGER)
        given = clean(QueueSettings, request.data)
        rules = build_settings(QueueRules, given.pop("rules", {}))
        if change_rules(project, rules, **given):
            send_filling(project)
        return self._settings(project)

    @extend_schema(parameters=[WhoseOverview], responses=OverviewSerializer)
    @action(detail=True)
    def overview(self, request: Request, slug: str) -> Response:
        """How the work stands: progress, pace, who holds what, and how people do, fifty at a time by name."""
        project = project_for(asker(request), slug, role=Role.MANAGER)
        after = clean(WhoseOverview, request.query_params)["after"]
        seen = {"overview": overview_of(project), "page": people_page(project, after=after)}
        return Response(OverviewSerializer(seen).data)

    @extend_schema(request=None, responses=Renewed)
    @action(detail=True, methods=["post"])
    def renew(self, request: Request, slug: str) -> Response:
        """Work the order out again; a big project's is left to a worker."""
        project = project_for(asker(request), slug, role=Role.MANAGER)
        filling = begin_filling(project, order=True)
        if not filling.is_over:
            send_filling(project)
        return Response({"changed": filling.n_changed, "is_done": filling.is_over})

    @extend_schema(responses=FillingNow)
    @action(detail=True)
    def filling(self, request: Request, slug: str) -> Response:
        """What of the queue a worker is still filling or putting in order, or was stopped at."""
        project = project_for(asker(request), slug, role=Role.MANAGER)
        return Response(FillingNow({"filling": filling_of(project)}).data)

    @extend_schema(request=ActOnFilling, responses=FillingNow)
    @action(detail=True, methods=["post"])
    def act_on_filling(self, request: Request, slug: str) -> Response:
        """Stop the filling between two pieces, or let it go on where it ended."""
        project = project_for(asker(request), slug, role=Role.MANAGER)
        if clean(ActOnFilling, request.data)["do"] == "cancel":
            cancel_filling(project)
        else:
            resume_filling(project)
            send_filling(project)
        return Response(FillingNow({"filling": filling_of(project)}).data)

    @extend_schema(request=ChangeOfTraces, responses=Changed)
    @action(detail=True, methods=["post"])
    def change(self, request: Request, slug: str) -> Response:
        """Do one thing to all traces of a filter, once their number is confirmed; many are left to a worker.

        ``queue/filling/`` says how far that is.
        """
        project = project_for(asker(request), slug, role=Role.MANAGER)
        given = clean(ChangeOfTraces, request.data)
        which, what = (
            build_settings(TraceFilter, given.get("which", {})),
            build_settings(Change, given["what"]),
        )
        if given["count"] is None:
            return Response({"count": traces_where(project, which).count(), "is_done": False})
        changed = change_traces(project, which, what, count=given["count"])
        if changed.is_left:
            send_filling(project)
        return Response({"count": changed.count, "is_done": not changed.is_left})

    @extend_schema(request=ActOnReader, responses=Acted)
    @action(detail=True, methods=["post"])
    def reader(self, request: Request, pk: int) -> Response:
        """One thing about one person at the queue."""
        rater = rater_for(asker(request), pk, role=Role.MANAGER)
        return Response(
            {"detail": act_on_reader(rater, by=asker(request), **clean(ActOnReader, request.data))}
        )

    def _settings(self, project: Project) -> Response:
        return Response(
            {
                "overlap": project.overlap,
                "lease_minutes": project.lease_minutes,
                "rules": as_json(rules_of(project)),
            }
        )


class InvitationViewSet(NounViewSet):
    """Links that make whoever follows them a member."""

    queryset = Invitation.objects.none()
    serializer_class = InvitationSerializer
    pagination_class = NewestFirst

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "link": self._link}

    def list(self, request: Request, slug: str) -> Response:
        project = project_for(asker(request), slug, role=Role.MANAGER)
        return self.page(Invitation.objects.filter(project=project))

    @extend_schema(request=NewInvitation, responses={201: InvitationSerializer})
    def create(self, request: Request, slug: str) -> Response:
        project = project_for(asker(request), slug, role=Role.MANAGER)
        given = clean(NewInvitation, request.data)
        made = invite(project, asker(request), **given | {"role": Role(given["role"])})
        return Response(self.get_serializer(made).data, status=201)

    @extend_schema(request=None, responses={204: None})
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: int) -> Response:
        """Close the link; whoever came by it stays."""
        withdraw(invitation_for(asker(request), pk))
        return Response(status=204)

    def _link(self, invitation: Invitation) -> str:
        return self.request.build_absolute_uri(f"{reverse('join')}?token={token_of(invitation)}")
