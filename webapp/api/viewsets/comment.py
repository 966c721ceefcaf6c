"""The discussion of traces: everybody sees what the rules of annotate/label/threads.py let them see."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from annotate.access import (
    REACH,
    assignment_for,
    comment_for,
    project_for,
    reading_for,
    review_for,
    role_in,
)
from annotate.enums import Role
from annotate.errors import NotAllowed
from annotate.label.discussion import ask_reviewers, edit_comment, resolve_comment, write_comment
from annotate.label.review import review_of
from annotate.label.threads import Talk, open_for_reader, open_questions, talk_of_reader, talk_of_reviewers
from annotate.models import Comment, Person
from webapp.api.base import NounViewSet, asker, clean
from webapp.api.serializers.comment import CommentSerializer, NewComment, OpenQuestion, Question, Words


class CommentViewSet(NounViewSet):
    """A comment on a step or a trace."""

    queryset = Comment.objects.none()
    serializer_class = CommentSerializer

    def retrieve(self, request: Request, pk: int) -> Response:
        return self._now(request, comment_for(asker(request), pk))

    @extend_schema(request=Words, responses=CommentSerializer)
    @action(detail=True, methods=["post"])
    def edit(self, request: Request, pk: int) -> Response:
        """Change one's own words; what they said before is kept."""
        found = comment_for(asker(request), pk)
        return self._now(request, edit_comment(found, asker(request), clean(Words, request.data)["text"]))

    @extend_schema(request=None, responses=CommentSerializer)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, pk: int) -> Response:
        """Say that nothing is left to do about it."""
        return self._now(request, resolve_comment(comment_for(asker(request), pk), asker(request)))

    def _now(self, request: Request, comment: Comment) -> Response:
        talk = _talk_for(asker(request), comment)
        remark = next(one for one in talk.remarks if one.comment.pk == comment.pk)
        return Response(self.get_serializer(remark).data)


class TraceCommentViewSet(CommentViewSet):
    """The discussion of a trace, for its reviewers."""

    pagination_class = None

    def list(self, request: Request, pk: int) -> Response:
        """Every comment, in the order they were written."""
        talk = talk_of_reviewers(review_of(review_for(asker(request), pk)), asker(request))
        return Response(self.get_serializer(talk.remarks, many=True).data)

    @extend_schema(request=NewComment, responses={201: CommentSerializer})
    def create(self, request: Request, pk: int) -> Response:
        """Write to the other reviewers, or to one reader of the trace."""
        trace = review_for(asker(request), pk)
        given = clean(NewComment, request.data)
        written = write_comment(
            trace,
            asker(request),
            given["text"],
            position=given["step"],
            to=reading_for(asker(request), given["to"]) if given["to"] is not None else None,
            asks_reviewers=given["asks_reviewers"],
        )
        answer = self._now(request, written)
        answer.status_code = 201
        return answer


class ReaderCommentViewSet(CommentViewSet):
    """What the holder of an assignment may see of the trace's discussion: their own words, and those to them."""

    pagination_class = None

    def list(self, request: Request, pk: int) -> Response:
        talk = talk_of_reader(assignment_for(asker(request), pk), asker(request))
        return Response(self.get_serializer(talk.remarks, many=True).data)

    @extend_schema(request=Question, responses={201: CommentSerializer})
    def create(self, request: Request, pk: int) -> Response:
        """Write to the reviewers."""
        assignment = assignment_for(asker(request), pk)
        given = clean(Question, request.data)
        written = ask_reviewers(
            assignment, given["text"], position=given["step"], asks=given["asks_reviewers"]
        )
        talk = talk_of_reader(assignment, asker(request))
        remark = next(one for one in talk.remarks if one.comment.pk == written.pk)
        return Response(self.get_serializer(remark).data, status=201)


class QuestionViewSet(NounViewSet):
    queryset = Comment.objects.none()
    serializer_class = OpenQuestion

    def list(self, request: Request, slug: str) -> Response:
        """For reviewers every open question; for readers what was written to them and they have not resolved."""
        project = project_for(asker(request), slug, role=Role.ANNOTATOR)
        is_reviewer = role_in(asker(request), project) in REACH[Role.REVIEWER]
        return self.page((open_questions if is_reviewer else open_for_reader)(project, asker(request)))


def _talk_for(person: Person, comment: Comment) -> Talk:
    """The discussion that the person came to a comment through: as a reviewer, or as a reader of the trace."""
    try:
        return talk_of_reviewers(review_of(review_for(person, comment.trace_id)), person)
    except NotAllowed:
        own = comment.trace.assignments.filter(holder__person=person).first()
        if own is None:
            raise
        return talk_of_reader(own, person)
