"""Plan which tokens to read, and in which order, so that no shared beginning is read twice.

The prompts of one trace are beginnings of each other, or nearly so: tokenised at a step's end, the last token may
differ from what the longer prompt has there. The longest sequence is read whole; another that begins like it reads only
what differs, in a later pass that starts from what is already there.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

# Every further pass costs a call of the model; below this many tokens, or this share, reading again is cheaper.
MIN_SHARED = 16
MIN_SHARE = 0.25

Tokens = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Tokens read in one go, after the first ``start`` tokens of its parent's path."""

    parent: int | None
    start: int
    ids: Tokens
    depth: int

    @property
    def end(self) -> int:
        return self.start + len(self.ids)


@dataclass(frozen=True, slots=True)
class PrefixPlan:
    """``ends[i]`` is the stretch in which sequence ``i`` ends; parents stand before their children."""

    stretches: tuple[Stretch, ...]
    ends: tuple[int, ...]

    @property
    def cost(self) -> int:
        """Tokens that are read."""
        return sum(len(stretch.ids) for stretch in self.stretches)

    def levels(self) -> list[list[int]]:
        """Stretches that can be read together: those of one depth, from the roots on."""
        levels: list[list[int]] = []
        for number, stretch in enumerate(self.stretches):
            while len(levels) <= stretch.depth:
                levels.append([])
            levels[stretch.depth].append(number)
        return levels

    def pieces(self, stretch: int, length: int) -> list[tuple[int, int, int]]:
        """The first ``length`` tokens of a stretch's path as (stretch, from, to), counted within each stretch."""
        found: list[tuple[int, int, int]] = []
        here: int | None = stretch
        while here is not None and length > 0:
            at = self.stretches[here]
            if length > at.start:
                found.append((here, 0, length - at.start))
                length = at.start
            here = at.parent
        return found[::-1]

    def owner(self, stretch: int, position: int) -> int:
        """The stretch on this one's path that holds the token at ``position``."""
        here = stretch
        while position < self.stretches[here].start:
            parent = self.stretches[here].parent
            assert parent is not None
            here = parent
        return here


def planned(sequences: Sequence[Sequence[int]], *, is_shared: bool = True) -> PrefixPlan:
    """A plan for these token sequences, none of them empty. Equal ones end in the same stretch."""
    paths = [tuple(sequence) for sequence in sequences]
    if not is_shared:
        alone = tuple(Stretch(None, 0, path, 0) for path in paths)
        return PrefixPlan(alone, tuple(range(len(paths))))
    stretches: list[Stretch] = []
    ends = [0] * len(paths)
    known: list[tuple[Tokens, int]] = []
    for index in sorted(range(len(paths)), key=lambda index: len(paths[index]), reverse=True):
        path = paths[index]
        shared, neighbour = _nearest(known, path)
        if shared == len(path):
            ends[index] = neighbour
            continue
        is_worth_it = shared >= MIN_SHARED and shared >= MIN_SHARE * len(path)
        ends[index] = _added(stretches, path, shared if is_worth_it else 0, neighbour)
        known.insert(bisect_left(known, (path, 0)), (path, ends[index]))
    return PrefixPlan(tuple(stretches), tuple(ends))


def _added(stretches: list[Stretch], path: Tokens, shared: int, neighbour: int) -> int:
    parent: int | None = neighbour if shared else None
    # The branch belongs to whoever read the last shared tokens; a few that one of its branches read are read again,
    # so that passes do not queue up behind each other.
    while parent is not None:
        above = stretches[parent]
        if above.parent is None or shared - above.start >= MIN_SHARED:
            break
        parent, shared = above.parent, min(shared, above.start)
    depth = 0 if parent is None else stretches[parent].depth + 1
    stretches.append(Stretch(parent, shared, path[shared:], depth))
    return len(stretches) - 1


def _nearest(known: list[tuple[Tokens, int]], path: Tokens) -> tuple[int, int]:
    """The longest beginning that ``path`` shares with a known one; in sorted order that is a neighbour."""
    place = bisect_left(known, (path, 0))
    beside = known[max(0, place - 1) : place + 1]
    return max(((_shared(path, other), stretch) for other, stretch in beside), default=(0, 0))


def _shared(left: Tokens, right: Tokens) -> int:
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
