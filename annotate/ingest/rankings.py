"""A ranking as a text: the letters of a lineup's places, best first, ``b>a=c`` (pure).

``>`` stands between ranks and ``=`` between equals, whose letters are in alphabetical order, so that the same order is
always the same text. Every place is named once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from django.utils.translation import gettext

from annotate.errors import Rejected
from annotate.models.lineup import LETTERS


def read_ranking(value: str, size: int) -> list[list[int]]:
    """Places by rank, best first. Raises Rejected for a text that does not order a lineup of ``size``."""
    ranks = [[letter.strip() for letter in rank.split("=")] for rank in value.lower().split(">")]
    named = [letter for rank in ranks for letter in rank]
    known = LETTERS[:size]
    for letter in named:
        if len(letter) != 1 or letter not in known:
            raise Rejected(
                gettext("%(letter)s is no place of this lineup: %(first)s to %(last)s.")
                % {"letter": letter or gettext("nothing"), "first": known[0], "last": known[-1]},
                field="value",
            )
    twice = sorted({letter for letter in named if named.count(letter) > 1})
    if twice:
        raise Rejected(
            gettext("%(letters)s stands in the order more than once.") % {"letters": ", ".join(twice)},
            field="value",
        )
    if missing := [letter for letter in known if letter not in named]:
        raise Rejected(
            gettext("%(letters)s has no rank yet.") % {"letters": ", ".join(missing)}, field="value"
        )
    return [sorted(LETTERS.index(letter) for letter in rank) for rank in ranks]


def write_ranking(ranks: Sequence[Sequence[int]]) -> str:
    return ">".join("=".join(LETTERS[place] for place in sorted(rank)) for rank in ranks)


def tidy_ranking(value: str, size: int) -> str:
    """The one way to write this order; raises Rejected as :func:`read_ranking` does."""
    return write_ranking(read_ranking(value, size))


def ranking_of(numbers: Mapping[int, int]) -> str:
    """The order that rank numbers by place come to, 1 the best; equal numbers are a tie, and gaps mean nothing."""
    at: dict[int, list[int]] = {}
    for place, number in numbers.items():
        at.setdefault(number, []).append(place)
    return write_ranking([at[number] for number in sorted(at)])


def rank_by_place(value: str, size: int) -> dict[int, int]:
    """The rank of each place, 1 the best; equals share the better number, and the next one counts them: 1, 1, 3."""
    found: dict[int, int] = {}
    for rank in read_ranking(value, size):
        found |= dict.fromkeys(rank, len(found) + 1)
    return found


def implied_pairs(value: str, size: int) -> Iterator[tuple[int, int, int]]:
    """(place, later place, 1 where the first is better, -1 where the second is, 0 for a tie) of every two places."""
    rank = rank_by_place(value, size)
    for one in range(size):
        for other in range(one + 1, size):
            yield one, other, (rank[one] < rank[other]) - (rank[one] > rank[other])
