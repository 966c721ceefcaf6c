"""The critique judge: ``strategy`` asks, ``answers`` reads."""

from annotate.prelabel.judge.critique.strategy import CritiqueSettings, judge_critique

__all__ = ["CritiqueSettings", "judge_critique"]
