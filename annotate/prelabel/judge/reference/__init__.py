"""The reference judge: ``strategy`` asks, ``answers`` reads."""

from annotate.prelabel.entries import StrategyEntry
from annotate.prelabel.judge.reference.strategy import ReferenceSettings, judge_reference

__all__ = ["STRATEGY", "ReferenceSettings", "judge_reference"]

STRATEGY = StrategyEntry(
    "judge/reference",
    "judge",
    "Judge by a reference solution",
    ReferenceSettings,
    judge_reference,
    summary="Aligns every step with a worked solution of the problem. Needs one.",
)
