"""The panel judge: ``strategy`` asks and merges, ``answers`` reads."""

from annotate.prelabel.entries import StrategyEntry
from annotate.prelabel.judge.panel.settings import PanelSettings
from annotate.prelabel.judge.panel.strategy import judge_panel

__all__ = ["STRATEGY", "PanelSettings", "judge_panel"]

STRATEGY = StrategyEntry(
    "judge/panel",
    "judge",
    "Judge by a panel of verifications",
    PanelSettings,
    judge_panel,
    summary="Verifies the whole solution many times and lets the verifications vote on every step.",
)
