"""What every viewset of the API shares: pages by cursor, and who is asking."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import BasePagination, Cursor, CursorPagination, PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.viewsets import GenericViewSet

from annotate.models import Person
from annotate.models.looking import look_through

_KEY = re.compile("[0-9]{1,18}")


class OldestFirst(CursorPagination):
    """Pages that do not shift while rows are added, and cost the same however far one reads."""

    ordering = "id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500

    def decode_cursor(self, request: Request) -> Cursor | None:
        cursor: Cursor | None = super().decode_cursor(request)
        # It is a key, whatever somebody may have put together.
        if cursor is not None and cursor.position is not None and not _KEY.fullmatch(str(cursor.position)):
            raise NotFound(self.invalid_cursor_message)
        return cursor


class NewestFirst(OldestFirst):
    ordering = "-id"


class LookingThrough(OldestFirst):
    """Pages of what is looked for among many rows: one may be short, or empty, and still have a next one.

    Each looks so far and no further, hence says where to go on (``annotate/models/looking.py``).
    """

    def look(
        self,
        wanted: QuerySet[Any],
        among: QuerySet[Any],
        request: Request,
        *,
        nearest: Callable[[int | None], int | None] | None = None,
    ) -> list[Any]:
        self.request, self.base_url = request, request.build_absolute_uri()
        size = self.get_page_size(request)
        assert size is not None
        cursor = self.decode_cursor(request)
        said = cursor.position if cursor else None
        at, is_backwards = int(said) if said else None, bool(cursor and cursor.reverse)
        found = look_through(
            lambda reach: wanted.filter(reach.on(self.ordering)),
            among,
            size=size,
            after=at,
            key=self.ordering,
            is_backwards=is_backwards,
            nearest=nearest,
        )
        # A key stands on this side of a page's end for who goes on, and on the other for who goes back.
        self._behind = found.upto if not is_backwards else None if at is None else at - 1
        self._before = found.upto if is_backwards else None if at is None else at + 1
        return list(reversed(found.rows)) if is_backwards else list(found.rows)

    def get_next_link(self) -> str | None:
        return None if self._behind is None else self._link(self._behind, is_backwards=False)

    def get_previous_link(self) -> str | None:
        return None if self._before is None else self._link(self._before, is_backwards=True)

    def _link(self, key: int, *, is_backwards: bool) -> str:
        return str(self.encode_cursor(Cursor(offset=0, reverse=is_backwards, position=key)))


class ByStep(LookingThrough):
    ordering = "step_id"


class ByPage(PageNumberPagination):
    """Pages of what is no table of its own, and so has no cursor."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500


class NounViewSet(GenericViewSet[Any]):
    """Rows of one noun. The first line of every method is a door of ``annotate.access``.

    Each subclass names an empty ``queryset``: the schema reads the types of path parameters from it, and no request
    is ever answered with it.
    """

    pagination_class: type[BasePagination] | None = OldestFirst

    def page(self, rows: QuerySet[Any]) -> Response:
        """One page of ``rows``, in the order of ``pagination_class``."""
        page = self.paginate_queryset(rows)
        serializer = self.get_serializer(page, many=True)
        return self.get_paginated_response(serializer.data)

    def looked_for(
        self,
        wanted: QuerySet[Any],
        among: QuerySet[Any],
        *,
        nearest: Callable[[int | None], int | None] | None = None,
    ) -> list[Any]:
        """The rows of one page of ``wanted``, which lie among others; of a viewset whose pages look through them."""
        assert isinstance(self.paginator, LookingThrough)
        return self.paginator.look(wanted, among, self.request, nearest=nearest)


def asker(request: Request) -> Person:
    """The person behind a request that needs one; DRF has refused everybody else already."""
    assert isinstance(request.user, Person)
    return request.user


def clean(form: type[Serializer[Any]], data: Any) -> dict[str, Any]:
    """What was sent, in the types of ``form``; raises what names the field at fault."""
    given = form(data=data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)
