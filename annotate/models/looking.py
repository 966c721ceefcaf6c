"""Looking for few rows among many that no index leads to: a piece at a time, and no further than a page waits for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet

M = TypeVar("M", bound=Model)
# Rows that one statement looks at, and how many such statements a page waits for.
LOOKED_AT = 1000
MOST_LOOKS = 100


@dataclass(frozen=True, slots=True)
class Reach:
    """From behind the key ``after`` up to ``last``, whichever way one looks; None: from the beginning, to the end."""

    after: int | None
    last: int | None
    is_backwards: bool = False

    def on(self, key: str) -> Q:
        """That ``key`` is within. Said of joined tables as well, it keeps PostgreSQL from reading all of one."""
        behind, upto = ("lt", "gte") if self.is_backwards else ("gt", "lte")
        begun = Q() if self.after is None else Q(**{f"{key}__{behind}": self.after})
        return begun if self.last is None else begun & Q(**{f"{key}__{upto}": self.last})


@dataclass(frozen=True, slots=True)
class Looked(Generic[M]):
    """Some of what was looked for, in order. ``upto``: the key to go on behind, also where nothing was found so far.

    None: there is nothing behind.
    """

    rows: Sequence[M]
    upto: int | None


def look_through(
    wanted: Callable[[Reach], QuerySet[M]],
    among: QuerySet[Any],
    *,
    size: int,
    after: int | None = None,
    key: str = "pk",
    is_backwards: bool = False,
    nearest: Callable[[int | None], int | None] | None = None,
) -> Looked[M]:
    """Up to ``size`` rows of ``wanted`` behind the one with the key ``after`` (None: from the beginning).

    ``wanted`` gives those within a reach; ``among`` holds them and others, and is read along an index that goes by
    ``key``. ``nearest`` may tell where behind a key it is worth going on (None: nowhere any more), and is not asked on
    the way back. Each statement looks at LOOKED_AT rows, a call at MOST_LOOKS times as many; what it has found by then
    is a page, however short, and ``upto`` says where to go on.
    """
    order = f"-{key}" if is_backwards else key
    found: list[M] = []
    for _ in range(MOST_LOOKS):
        if nearest is not None and not is_backwards:
            first = nearest(after)
            if first is None:
                return Looked(found, None)
            after = first - 1
        ahead = among.filter(Reach(after, None, is_backwards).on(key)).order_by(order)
        last = next(iter(ahead.values_list(key, flat=True)[LOOKED_AT - 1 : LOOKED_AT]), None)
        piece = wanted(Reach(after, last, is_backwards))
        found += piece.order_by(order)[: size + 1 - len(found)]
        if len(found) > size:
            return Looked(found[:size], getattr(found[size - 1], key))
        if last is None:
            return Looked(found, None)
        after = last
    return Looked(found, after)
