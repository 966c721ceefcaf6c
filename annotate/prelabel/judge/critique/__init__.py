"""The critique judge: ``strategy`` chooses the dialect, ``answers`` reads what comes back."""

from annotate.prelabel.entries import StrategyEntry
from annotate.prelabel.judge.critique.settings import CritiqueSettings
from annotate.prelabel.judge.critique.strategy import judge_critique

__all__ = ["STRATEGY", "CritiqueSettings", "judge_critique"]

STRATEGY = StrategyEntry(
    "judge/critique",
    "judge",
    "Judge by written critique",
    CritiqueSettings,
    judge_critique,
    summary="Reads the whole solution in one pass and stops at the first error it finds.",
)
