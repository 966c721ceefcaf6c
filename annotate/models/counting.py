"""Counts that cost the same however much there is to count: they stop, or they are kept for a moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.cache import cache
from django.db.models import QuerySet
from django.utils.translation import gettext

T = TypeVar("T")
# Counted one by one where nobody needs to know the end of a long list.
MOST_COUNTED = 10_000
# Of so many rows on, a count takes a database long enough to be looked at twice, and one more or less says nothing.
MANY = 100_000
KEPT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Bounded:
    """A count that stops: ``n``, or more than ``n``."""

    n: int
    is_more: bool = False

    def __str__(self) -> str:
        return f"{self}"

    def __format__(self, form: str) -> str:
        said = format(self.n, form)
        return gettext("more than %(n)s") % {"n": said} if self.is_more else said

    def __float__(self) -> float:
        return float(self.n + self.is_more)

    def __bool__(self) -> bool:
        return self.n > 0 or self.is_more


def bounded_count(rows: QuerySet[Any], most: int | None = None) -> Bounded:
    """How many rows there are, up to ``most`` (None: MOST_COUNTED): no further row is read."""
    most = MOST_COUNTED if most is None else most
    n = rows.order_by()[: most + 1].count()
    return Bounded(min(n, most), is_more=n > most)


def kept(name: str, count: Callable[[], T], size: Callable[[T], int]) -> T:
    """What ``count`` finds; where it is of MANY rows, by ``size``, it stands for KEPT_SECONDS in this process."""
    found: T | None = cache.get(name)
    if found is None:
        found = count()
        if size(found) >= MANY:
            cache.set(name, found, KEPT_SECONDS)
    return found
