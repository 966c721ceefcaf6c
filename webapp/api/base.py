"""What every viewset of the API shares: pages by cursor, and who is asking."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework.pagination import BasePagination, CursorPagination, PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.viewsets import GenericViewSet

from annotate.models import Person


class OldestFirst(CursorPagination):
    """Pages that do not shift while rows are added, and cost the same however far one reads."""

    ordering = "id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500


class NewestFirst(OldestFirst):
    ordering = "-id"


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


def asker(request: Request) -> Person:
    """The person behind a request that needs one; DRF has refused everybody else already."""
    assert isinstance(request.user, Person)
    return request.user


def clean(form: type[Serializer[Any]], data: Any) -> dict[str, Any]:
    """What was sent, in the types of ``form``; raises what names the field at fault."""
    given = form(data=data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)
