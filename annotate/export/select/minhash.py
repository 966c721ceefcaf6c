"""Which of many texts are nearly the same, and by others that stand between them: MinHash with banding (Broder 1997).

How much two texts have in common is the share of common hashes of their word sequences (Jaccard). Pairs are looked for
by 200 minima each: they meet when they agree on one band of minima, and bands are as long as they may be for one pair
in five hundred at the wanted share not to meet. What the minima say of a pair is a guess, so that a pair which meets is
then compared by its sequences themselves. Pairs that are alike are joined, and so are whole groups: where B is like A
and like C, all three are one group, whatever A and C have in common. Remembered are some 500 bytes a text and four a
word, 2,000 of these at most; never the text.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .ngrams import Hashes

PERMUTATIONS = 200
SHINGLE = 5
# So many sequences of a text are compared; of longer texts those with the smallest hashes, which is a fair sample.
MOST = 500
_RANDOM = np.random.Generator(np.random.PCG64(20260117))
_FACTORS = _RANDOM.integers(0, 2**63, PERMUTATIONS, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
_TERMS = _RANDOM.integers(0, 2**63, PERMUTATIONS, dtype=np.uint64)

Signature = NDArray[np.uint64]
Rows = NDArray[np.intp]


def signature(hashes: Hashes) -> Signature:
    """The minima under each permutation. Raises ``ValueError`` for an empty set."""
    parts = [_minima(hashes[start : start + 4096]) for start in range(0, len(hashes), 4096)]
    return parts[0] if len(parts) == 1 else np.min(parts, axis=0)


def _minima(hashes: Hashes) -> Signature:
    with np.errstate(over="ignore"):
        mixed = hashes[:, None] * _FACTORS + _TERMS
    mixed ^= mixed >> np.uint64(31)
    found: Signature = mixed.min(axis=0)
    return found


def rows_per_band(similarity: float) -> int:
    """The longest band with which at most one pair of this similarity in five hundred does not meet."""
    return next(n for n in range(10, 0, -1) if n == 1 or (1 - similarity**n) ** (PERMUTATIONS // n) <= 0.002)


class Alike:
    """Texts by their places, 0 and up in the order they are added; ``groups`` joins those that are nearly the same.

    A pair is compared when its minima say at least ``similarity`` less two standard errors: of pairs that share exactly
    so much one in forty is missed, of those that share .05 more one in a thousand.
    """

    def __init__(self, similarity: float) -> None:
        self.similarity = similarity
        self._guess = similarity - 2 * math.sqrt(similarity * (1 - similarity) / PERMUTATIONS)
        self._rows = rows_per_band(similarity)
        self._bands = bytearray()
        # A byte of each minimum: two others are the same in one of 256.
        self._minima = bytearray()
        self._sequences = bytearray()
        self._ends = [0]
        # Above this hash a text's sequences are not remembered.
        self._limits: list[int] = []
        # Texts without a word are like nothing.
        self._places: list[int] = []
        self._n = 0

    def add(self, hashes: Hashes) -> None:
        """The next text, by the hashes of its sequences, sorted."""
        if len(hashes):
            short = (hashes >> np.uint64(32)).astype(np.uint32)
            self._limits.append(int(short[MOST]) if len(short) > MOST else 2**32)
            kept = short[:MOST]
            self._sequences += kept.tobytes()
            self._ends.append(self._ends[-1] + len(kept))
            minima = signature(hashes)
            self._minima += minima.astype(np.uint8).tobytes()
            n_bands = PERMUTATIONS // self._rows
            bands = minima[: n_bands * self._rows].reshape(n_bands, self._rows)
            with np.errstate(over="ignore"):
                self._bands += (bands * _FACTORS[: self._rows]).sum(axis=1, dtype=np.uint64).tobytes()
            self._places.append(self._n)
        self._n += 1

    def groups(self) -> list[int]:
        """For every text the first of its group; its own place where it is like none before it."""
        joined = _Joining(
            np.frombuffer(self._minima, dtype=np.uint8).reshape(-1, PERMUTATIONS),
            np.frombuffer(self._sequences, dtype=np.uint32),
            np.array(self._ends),
            np.array(self._limits, dtype=np.uint64),
        )
        bands = np.frombuffer(self._bands, dtype=np.uint64).reshape(-1, PERMUTATIONS // self._rows)
        for band in bands.T:
            for run in _runs(band):
                joined.join(run, self._guess, self.similarity)
        first = list(range(self._n))
        for row, place in enumerate(self._places):
            first[place] = self._places[joined.first(row)]
        return first


class _Joining:
    """The groups as a forest: a text stands under an earlier one of its group, the first under itself."""

    def __init__(
        self,
        minima: NDArray[np.uint8],
        sequences: NDArray[np.uint32],
        ends: Rows,
        limits: NDArray[np.uint64],
    ) -> None:
        self.minima, self.sequences, self.ends, self.limits = minima, sequences, ends, limits
        self.above = list(range(len(minima)))

    def join(self, run: Rows, guess: float, similarity: float) -> None:
        """Join those of a run that are alike, comparing each only with those that nothing in the run was like yet."""
        rest = run
        while len(rest) > 1:
            queue, rest = [int(rest[0])], rest[1:]
            while queue and len(rest):
                one = queue.pop()
                agreed = np.count_nonzero(self.minima[rest] == self.minima[one], axis=1)
                is_alike = agreed >= guess * PERMUTATIONS
                is_alike[is_alike] = self._are_alike(one, rest[is_alike], similarity)
                for other in rest[is_alike].tolist():
                    first, later = sorted((self.first(one), self.first(other)))
                    self.above[later] = first
                    queue.append(other)
                rest = rest[~is_alike]

    def _are_alike(self, one: int, others: Rows, similarity: float) -> NDArray[np.bool_]:
        """Whether they are in the group already, or share enough."""
        group = self.first(one)
        found = np.fromiter((self.first(other) == group for other in others.tolist()), bool, len(others))
        unknown = np.flatnonzero(~found)
        # In parts, for a run may be as long as the project.
        for part in np.split(unknown, range(1000, len(unknown), 1000)):
            if len(part):
                found[part] = self._shares(one, others[part]) >= similarity
        return found

    def _shares(self, one: int, others: Rows) -> NDArray[np.float64]:
        mine = self._of(one)
        theirs = [self._of(other) for other in others.tolist()]
        sizes = np.array([len(hashes) for hashes in theirs])
        starts = np.cumsum(sizes) - sizes
        limits = np.minimum(self.limits[others], self.limits[one])
        all_of_them = np.concatenate(theirs)
        is_within = all_of_them < np.repeat(limits, sizes)
        places = np.minimum(np.searchsorted(mine, all_of_them), len(mine) - 1)
        common = np.add.reduceat((mine[places] == all_of_them) & is_within, starts, dtype=np.int64)
        n_theirs = np.add.reduceat(is_within, starts, dtype=np.int64)
        n_mine = np.searchsorted(mine, limits)
        shares: NDArray[np.float64] = common / np.maximum(n_mine + n_theirs - common, 1)
        return shares

    def _of(self, one: int) -> NDArray[np.uint32]:
        return self.sequences[self.ends[one] : self.ends[one + 1]]

    def first(self, one: int) -> int:
        above = self.above
        while above[one] != one:
            above[one] = above[above[one]]
            one = above[one]
        return one


def _runs(band: NDArray[np.uint64]) -> list[Rows]:
    """The rows that are equal, two or more together, in their order."""
    order = np.argsort(band, kind="stable")
    ordered = band[order]
    starts = np.flatnonzero(np.concatenate([ordered[:1] == ordered[:1], ordered[1:] != ordered[:-1]]))
    sizes = np.diff(starts, append=len(order))
    is_run = sizes > 1
    return [order[at : at + n] for at, n in zip(starts[is_run], sizes[is_run], strict=True)]
