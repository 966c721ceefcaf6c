"""Pages of long lists: how many there are is counted so far and no further, or a page goes on behind a key."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from annotate.models.counting import Bounded, bounded_count

if TYPE_CHECKING:
    _Paginator = Paginator[Any]
else:
    _Paginator = Paginator


_KEY = re.compile("[0-9]{1,18}")


def key_in(request: HttpRequest, name: str) -> int | None:
    """The key behind which the page goes on; None: the page is the first."""
    said = request.GET.get(name, "")
    return int(said) if _KEY.fullmatch(said) else None


class LongPaginator(_Paginator):
    """The first ten thousand rows, page by page. To count the rest, and to step over it, would cost what it is long."""

    object_list: QuerySet[Any]

    @cached_property
    def counted(self) -> Bounded:
        return bounded_count(self.object_list)

    @cached_property
    def count(self) -> int:
        return self.counted.n
