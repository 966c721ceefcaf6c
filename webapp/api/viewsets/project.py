from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from annotate.access import project_for, projects_for
from annotate.enums import Role
from annotate.errors import Rejected
from annotate.ingest.founding import add_member, create_project
from annotate.models import Membership, Person, Project
from webapp.api.base import NounViewSet, asker
from webapp.api.serializers.project import MembershipSerializer, NewMember, NewProject, ProjectSerializer


class ProjectViewSet(NounViewSet):
    """The projects one is a member of."""

    queryset = Project.objects.none()
    serializer_class = ProjectSerializer
    lookup_field = "slug"

    def list(self, request: Request) -> Response:
        return self.page(projects_for(asker(request)))

    def retrieve(self, request: Request, slug: str) -> Response:
        return Response(self.get_serializer(project_for(asker(request), slug)).data)

    @extend_schema(request=NewProject, responses={201: ProjectSerializer})
    def create(self, request: Request) -> Response:
        new = NewProject(data=request.data)
        new.is_valid(raise_exception=True)
        project = create_project(asker(request), **new.validated_data)
        return Response(self.get_serializer(project).data, status=201)


class MemberViewSet(NounViewSet):
    """Who is part of a project, and in which role."""

    queryset = Membership.objects.none()
    serializer_class = MembershipSerializer

    def list(self, request: Request, slug: str) -> Response:
        project = project_for(asker(request), slug, role=Role.VIEWER)
        return self.page(project.memberships.select_related("person"))

    @extend_schema(request=NewMember, responses={200: MembershipSerializer})
    def create(self, request: Request, slug: str) -> Response:
        """Give somebody with an account a role, or change the one they have."""
        project = project_for(asker(request), slug, role=Role.MANAGER)
        new = NewMember(data=request.data)
        new.is_valid(raise_exception=True)
        username = new.validated_data["username"]
        person = Person.objects.filter(username=username).first()
        if person is None:
            raise Rejected(f"There is no account named {username}.", field="username")
        membership = add_member(project, person, Role(new.validated_data["role"]))
        return Response(self.get_serializer(membership).data)
