"""How far several readings of one trace agree, and how far one agrees with a key (pure)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

# A criterion and a place of the trace: (criterion id, step position); position None is the trace as a whole.
Place = tuple[int, int | None]


@dataclass(frozen=True, slots=True)
class Said:
    """One reader's answer at one place; ``is_error``: a level that says the step is wrong."""

    reader: int
    place: Place
    value: str
    is_error: bool = False


def disagreement(said: Iterable[Said]) -> float | None:
    """The share of pairs of readings that differ, averaged over the places with at least two; None without any."""
    shares = [_pairs_differ(values) for values in _by_place(said).values() if len(values) > 1]
    return sum(shares) / len(shares) if shares else None


def is_in_dispute(rule: str, said: Sequence[Said], *, most_share: float) -> bool:
    """Whether the readings still disagree by the named rule. Fewer than two readings agree with themselves.

    ``no_majority``: at some place no answer has more than half. ``any_step``: at some place they differ.
    ``first_error``: no place of the first error (or none at all) has more than half.
    ``share``: :func:`disagreement` is above ``most_share``.
    """
    if len({one.reader for one in said}) < 2:
        return False
    if rule == "first_error":
        return not _has_majority(list(_first_errors(said).values()))
    if rule == "share":
        return (disagreement(said) or 0.0) > most_share
    shared = [values for values in _by_place(said).values() if len(values) > 1]
    if rule == "any_step":
        return any(len(set(values)) > 1 for values in shared)
    return not all(map(_has_majority, shared))


def agreement_with_key(answers: Mapping[Place, str], key: Mapping[Place, Collection[str]]) -> float | None:
    """The share of the key's places where the answer is one that the key allows; None where the key says nothing.

    Places behind a first error are asked of nobody, so a place without an answer is left out unless all are.
    """
    answered = [place for place in key if place in answers]
    if not answered:
        return None
    return sum(answers[place] in key[place] for place in answered) / len(answered)


def seconds_per_step(seconds: Iterable[tuple[int, float]]) -> float | None:
    """The median over steps of what (step, seconds) rows sum up to."""
    spent: dict[int, float] = defaultdict(float)
    for step, took in seconds:
        spent[step] += took
    return median(spent.values()) if spent else None


def _by_place(said: Iterable[Said]) -> dict[Place, list[str]]:
    found: dict[Place, list[str]] = defaultdict(list)
    for one in said:
        found[one.place].append(one.value)
    return found


def _pairs_differ(values: Sequence[str]) -> float:
    n = len(values)
    same = sum(count * (count - 1) for count in Counter(values).values())
    return 1 - same / (n * (n - 1))


def _has_majority(values: Sequence[Hashable]) -> bool:
    return max(Counter(values).values()) * 2 > len(values)


def _first_errors(said: Iterable[Said]) -> dict[int, int | None]:
    found: dict[int, int | None] = {}
    for one in said:
        first = found.setdefault(one.reader, None)
        position = one.place[1]
        if one.is_error and position is not None and (first is None or position < first):
            found[one.reader] = position
    return found
