"""The decisions of one run as columns of small numbers, and as the bytes they are kept in.

A million decisions fit in a few megabytes and are read in some 50 ms, so that two runs can be held against each other
while somebody waits.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from annotate.enums import Action
from annotate.stats.codes import BoolArray, FloatArray, IntArray

ByteArray: TypeAlias = npt.NDArray[np.uint8]
Int32Array: TypeAlias = npt.NDArray[np.int32]

ACTIONS = (Action.KEEP, Action.DROP, Action.ASK)
KEEP, DROP, ASK = range(3)
NOTHING = 255
"""No level: the decision names none, or no key is known."""

# Risks are kept in steps of a 65,534th; the last number stands for no risk.
_RISK_STEPS, _NO_RISK = 65_534, 65_535


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """One entry per decision, trace by trace.

    Attributes
    ----------
    levels : the level keys that the codes stand for
    step : (n,) keys of the steps
    trace : (n,) 0, 1, …, by the order of the decisions
    action : (n,) `KEEP`, `DROP` or `ASK`
    level : (n,) code of the decided level, or `NOTHING`
    believed : (n,) the same, and of a step that is not kept the level that is most probable, where that is known
    risk : (n,) probability that the believed level is wrong; NaN where the policy gives none
    gold : (n,) code of the level of the step's gold key, or `NOTHING`
    behind : (n,) whether the step stands behind a first error and so is not to be assessed
    """

    levels: tuple[str, ...]
    step: IntArray
    trace: IntArray
    action: ByteArray
    level: ByteArray
    believed: ByteArray
    risk: FloatArray
    gold: ByteArray
    behind: BoolArray

    def __len__(self) -> int:
        return len(self.step)

    @property
    def is_kept(self) -> BoolArray:
        return np.asarray(self.action == KEEP)

    @property
    def has_risk(self) -> BoolArray:
        return ~np.isnan(self.risk)

    @property
    def is_judged(self) -> BoolArray:
        """Whether gold can say if the believed level is right: both are known."""
        return np.asarray((self.gold != NOTHING) & (self.believed != NOTHING))

    @property
    def is_wrong(self) -> BoolArray:
        return np.asarray(self.is_judged & (self.gold != self.believed))

    def code_of(self, level: str) -> int:
        return self.levels.index(level) if level in self.levels else NOTHING


def coded(values: Sequence[str], levels: Sequence[str]) -> ByteArray:
    """Level keys as codes; what is no level is `NOTHING`."""
    place = {level: code for code, level in enumerate(levels)}
    return np.fromiter((place.get(one, NOTHING) for one in values), dtype=np.uint8, count=len(values))


def packed(columns: Columns) -> bytes:
    """The columns as compressed bytes."""
    risk = np.where(columns.has_risk, np.round(np.nan_to_num(columns.risk) * _RISK_STEPS), _NO_RISK)
    held = io.BytesIO()
    np.savez_compressed(
        held,
        levels=np.array(columns.levels, dtype=np.str_),
        # Neighbours follow each other closely: differences are nearly all ones and pack to next to nothing.
        step=_narrow(np.diff(columns.step, prepend=0)),
        trace=np.diff(columns.trace, prepend=0).astype(np.uint8),
        action=columns.action,
        level=columns.level,
        believed=columns.believed,
        risk=risk.astype(np.uint16),
        gold=columns.gold,
        behind=columns.behind,
    )
    return held.getvalue()


def _narrow(differences: IntArray) -> IntArray | Int32Array:
    """Half as long to write and to read, wherever the numbers allow it."""
    largest = np.abs(differences).max(initial=0)
    return differences.astype(np.int32) if largest <= np.iinfo(np.int32).max else differences


def unpacked(data: bytes, *, with_beliefs: bool = True) -> Columns:
    """What :func:`packed` made; risks to four decimals.

    ``with_beliefs`` False leaves out what a comparison of decisions does not ask for: ``believed``, ``risk`` and
    ``behind`` then say nothing of any step.
    """
    with np.load(io.BytesIO(data), allow_pickle=False) as held:
        step = np.cumsum(held["step"], dtype=np.int64)
        known: dict[str, Any]
        if with_beliefs:
            risk = held["risk"]
            known = {"believed": held["believed"], "behind": held["behind"]}
            known["risk"] = np.where(risk == _NO_RISK, np.nan, risk / _RISK_STEPS)
        else:
            nothing: list[tuple[str, Any]] = [
                ("believed", np.uint8(NOTHING)),
                ("behind", np.False_),
                ("risk", np.float64(np.nan)),
            ]
            known = {name: np.broadcast_to(value, len(step)) for name, value in nothing}
        return Columns(
            levels=tuple(str(level) for level in held["levels"]),
            step=step,
            trace=np.cumsum(held["trace"], dtype=np.int64),
            action=held["action"],
            level=held["level"],
            gold=held["gold"],
            **known,
        )
