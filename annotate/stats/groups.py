"""The rows of a table by the code of one of its columns, as one order and where each group begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from annotate.stats.codes import IntArray, sealed


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Rows sorted by code: those of code c are ``order[start[c] : start[c + 1]]``, in the table's order.

    `order` is (n,), `start` is (n_codes + 1,); a code without rows has an empty slice.
    """

    order: IntArray
    start: IntArray

    @classmethod
    def of(cls, codes: IntArray, n_codes: int) -> Self:
        """Group rows by their (n,) codes, which lie in 0..n_codes - 1.

        Examples
        --------
        >>> groups = Groups.of(np.array([2, 0, 2]), 3)
        >>> [groups.rows(code).tolist() for code in range(3)]
        [[1], [], [0, 2]]
        """
        start = np.zeros(n_codes + 1, dtype=np.int64)
        np.cumsum(np.bincount(codes, minlength=n_codes), out=start[1:])
        return cls(sealed(np.argsort(codes, kind="stable")), sealed(start))

    @property
    def size(self) -> IntArray:
        """(n_codes,) numbers of rows."""
        return np.diff(self.start)

    def rows(self, code: int) -> IntArray:
        """The rows of one code, ascending."""
        return self.order[self.start[code] : self.start[code + 1]]
