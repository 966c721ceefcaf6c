"""Columns of ids as integer codes with a vocabulary."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt

from annotate.errors import Rejected

IntArray: TypeAlias = npt.NDArray[np.int64]
FloatArray: TypeAlias = npt.NDArray[np.float64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
Column: TypeAlias = Sequence[Hashable] | npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True, eq=False)
class Codes:
    """A column of ids: ``vocab[codes[i]]`` is the id in row ``i``.

    The order of ``vocab`` carries no meaning, except for the levels of `LongTable.value`.
    """

    codes: IntArray
    vocab: tuple[Hashable, ...]

    @classmethod
    def of(cls, values: Column, *, field: str) -> Self:
        """Code ids as integers; a missing (None, NaN) or unhashable id is `Rejected` with its row."""
        codes, vocab = factorize(values, field)
        for code, key in enumerate(vocab):
            if is_missing(key):
                raise Rejected("the id is missing", row=first_row(codes == code), field=field)
        return cls(sealed(codes), vocab)

    def take(self, index: IntArray | BoolArray) -> Self:
        """The same vocabulary over fewer rows."""
        return replace(self, codes=sealed(self.codes[index]))


def factorize(values: Column, field: str) -> tuple[IntArray, tuple[Hashable, ...]]:
    """Codes and vocabulary; integer, bool and text arrays by sorting, everything else by hashing."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "biuU":
        vocab, codes = np.unique(values, return_inverse=True)
        return codes.astype(np.int64), tuple(vocab.tolist())
    cells = values.tolist() if isinstance(values, np.ndarray) else values
    try:
        keys = dict.fromkeys(cells)
    except TypeError as error:
        raise Rejected(f"not usable as an id: {error}", row=_unusable_row(cells), field=field) from error
    # Every NaN is a different key to a dict; one None stands for all of them.
    index: dict[Hashable, int] = {}
    place = {key: index.setdefault(None if is_missing(key) else key, len(index)) for key in keys}
    codes = np.fromiter(map(place.__getitem__, cells), dtype=np.int64, count=len(cells))
    return codes, tuple(index)


def _unusable_row(cells: Sequence[Hashable]) -> int:
    """1-based row of the first cell that cannot be a key."""
    for row, cell in enumerate(cells, start=1):
        try:
            hash(cell)
        except TypeError:
            return row
    raise AssertionError("every cell can be a key")


def is_missing(value: object) -> bool:
    """None and NaN say nothing; everything else, 0 and '' included, is a value."""
    return value is None or (isinstance(value, (float, np.floating)) and math.isnan(value))


def first_row(mask: BoolArray) -> int:
    """1-based row of the first true entry."""
    return int(np.argmax(mask)) + 1


def sealed(codes: IntArray) -> IntArray:
    """The same array, closed for writing."""
    codes.flags.writeable = False
    return codes
