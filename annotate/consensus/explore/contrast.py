"""Two runs on the same steps: what each decided, where they part, and which of them gold is with (pure)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.consensus.explore.columns import ACTIONS, KEEP, NOTHING, ByteArray, Columns
from annotate.consensus.explore.rates import Rate, rates_of
from annotate.enums import Action
from annotate.errors import Rejected
from annotate.stats.codes import BoolArray, IntArray


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run may decide about a step: an action, and a level, empty where it names none."""

    action: str
    level: str

    @property
    def key(self) -> str:
        return f"{self.action}:{self.level}"


@dataclass(frozen=True, slots=True)
class Cell:
    """``n`` steps that are ``left`` by one run and ``right`` by the other; gold knows ``judged`` of them."""

    left: Verdict
    right: Verdict
    n: int
    judged: int
    left_right: int
    right_right: int

    @property
    def is_same(self) -> bool:
        return self.left == self.right

    @property
    def both_keep(self) -> bool:
        return self.left.action == self.right.action == Action.KEEP

    @property
    def one_keeps(self) -> bool:
        return not self.both_keep and Action.KEEP in (self.left.action, self.right.action)

    @property
    def kept_right(self) -> int:
        """How often the one that keeps, where one does, is right."""
        return self.left_right if self.left.action == Action.KEEP else self.right_right


@dataclass(frozen=True, slots=True, eq=False)
class Contrast:
    """Two runs, side by side.

    Attributes
    ----------
    n : steps that both decided
    only_left, only_right : steps that one of them did not see
    lefts, rights : the decisions that occur, those that keep first
    cells : one for every pair that occurs
    left_wrong, right_wrong : how many of the steps that each keeps are wrong by gold
    parted : the steps that both keep at different levels and gold knows: how many, where left is right, and where right
    """

    n: int
    only_left: int
    only_right: int
    lefts: tuple[Verdict, ...]
    rights: tuple[Verdict, ...]
    cells: tuple[Cell, ...]
    left_wrong: Rate
    right_wrong: Rate
    parted: tuple[int, int, int]
    _step: IntArray
    _left: IntArray
    _right: IntArray
    _names: tuple[Verdict, ...]

    @property
    def n_differing(self) -> int:
        return sum(cell.n for cell in self.cells if not cell.is_same)

    def cell(self, left: Verdict, right: Verdict) -> Cell | None:
        return next((one for one in self.cells if (one.left, one.right) == (left, right)), None)

    def steps(self, left: str = "", right: str = "") -> IntArray:
        """Keys of the steps of one cell by its verdicts' keys, or, without, of all on which the two differ.

        Of the latter those come first that both keep.
        """
        if not left and not right:
            differing = np.flatnonzero(self._left != self._right)
            is_kept = np.array([name.action == Action.KEEP for name in self._names])
            both = is_kept[self._left[differing]] & is_kept[self._right[differing]]
            return self._step[differing[np.argsort(~both, kind="stable")]]
        keys = [one.key for one in self._names]
        if left not in keys or right not in keys:
            return np.empty(0, dtype=np.int64)
        return self._step[(self._left == keys.index(left)) & (self._right == keys.index(right))]


def contrast_of(left: Columns, right: Columns) -> Contrast:
    """Hold two runs against each other on the steps both have decided. Raises ``Rejected`` where there are none."""
    if np.array_equal(left.step, right.step):
        here, there = slice(None), slice(None)
        n = len(left)
        step, trace = left.step, left.trace
    else:
        step, rows, others = np.intersect1d(left.step, right.step, assume_unique=True, return_indices=True)
        order = np.argsort(rows, kind="stable")
        here, there = rows[order], others[order]  # type: ignore[assignment]
        step, trace, n = step[order], left.trace[here], len(step)
    if not n:
        raise Rejected("has no step in common with this run.", field="with")
    levels = tuple(dict.fromkeys((*left.levels, *right.levels)))
    mine, theirs = _coded(left, levels)[here], _coded(right, levels)[there]
    names = tuple(Verdict(action.value, level) for action in ACTIONS for level in (*levels, ""))
    # Each is held against the keys as they count for it; what only one of them may be held against is not known.
    is_known = (left.gold[here] != NOTHING) & (right.gold[there] != NOTHING)
    is_mine = (left.action[here] == KEEP) & is_known
    is_theirs = (right.action[there] == KEEP) & is_known
    mine_right = (left.level == left.gold)[here]
    theirs_right = (right.level == right.gold)[there]
    cells = _cells(mine, theirs, names, is_known, mine_right, theirs_right)
    differ = (
        _relevel(left.level, left.levels, levels)[here] != _relevel(right.level, right.levels, levels)[there]
    )
    parted = is_mine & is_theirs & differ
    left_wrong, right_wrong = _wrong(trace, (is_mine, ~mine_right), (is_theirs, ~theirs_right))
    return Contrast(
        n,
        len(left) - n,
        len(right) - n,
        tuple(names[code] for code in np.flatnonzero(np.bincount(mine)).tolist()),
        tuple(names[code] for code in np.flatnonzero(np.bincount(theirs)).tolist()),
        cells,
        left_wrong,
        right_wrong,
        (int(parted.sum()), int((parted & mine_right).sum()), int((parted & theirs_right).sum())),
        step,
        mine,
        theirs,
        names,
    )


def _relevel(codes: ByteArray, own: tuple[str, ...], common: tuple[str, ...]) -> ByteArray:
    """Codes of a run's own levels as codes of the levels of both."""
    table = np.full(256, NOTHING, dtype=np.uint8)
    table[: len(own)] = [common.index(level) for level in own]
    return table[codes]


def _coded(columns: Columns, levels: tuple[str, ...]) -> IntArray:
    """Action and level in one number."""
    level = _relevel(columns.level, columns.levels, levels).astype(np.int64)
    level[level == NOTHING] = len(levels)
    return columns.action.astype(np.int64) * (len(levels) + 1) + level


def _cells(
    left: IntArray,
    right: IntArray,
    names: tuple[Verdict, ...],
    judged: BoolArray,
    left_right: BoolArray,
    right_right: BoolArray,
) -> tuple[Cell, ...]:
    width = len(names)
    pair = left * width + right

    def counted(chosen: BoolArray | None = None) -> list[int]:
        kept = pair if chosen is None else pair[chosen]
        return list(np.bincount(kept, minlength=width * width).tolist())

    n, known = counted(), counted(judged)
    first, second = counted(judged & left_right), counted(judged & right_right)
    return tuple(
        Cell(names[at // width], names[at % width], n[at], known[at], first[at], second[at])
        for at in range(width * width)
        if n[at]
    )


def _wrong(trace: IntArray, *sides: tuple[BoolArray, BoolArray]) -> list[Rate]:
    """For each side (kept with a known answer, wrong), how many of the first are the second."""
    rows = np.flatnonzero(np.logical_or.reduce([kept for kept, _ in sides]))
    names, code = np.unique(trace[rows], return_inverse=True)
    seen = [np.bincount(code[kept[rows]], minlength=len(names)) for kept, _ in sides]
    hit = [np.bincount(code[(kept & wrong)[rows]], minlength=len(names)) for kept, wrong in sides]
    return rates_of(np.stack(hit, axis=1).astype(np.int64), np.stack(seen, axis=1).astype(np.int64))
