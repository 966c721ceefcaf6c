"""Pages of long lists: how many there are is counted so far and no further."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.core.paginator import Paginator
from django.db.models import QuerySet

from annotate.models.counting import Bounded, bounded_count

if TYPE_CHECKING:
    _Paginator = Paginator[Any]
else:
    _Paginator = Paginator


class LongPaginator(_Paginator):
    """The first ten thousand rows, page by page. To count the rest, and to step over it, would cost what it is long."""

    object_list: QuerySet[Any]

    @cached_property
    def counted(self) -> Bounded:
        return bounded_count(self.object_list)

    @cached_property
    def count(self) -> int:
        return self.counted.n
