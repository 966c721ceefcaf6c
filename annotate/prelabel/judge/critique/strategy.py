"""Judge steps by written critiques.

Two dialects. ``equation`` is for a small judge trained on it: one request per step, answered by the value the
step should have and the value found, which are compared here; models of that size learn to write both numbers
long before they learn to compare them. ``paragraph`` is for general models: the whole solution in numbered
tags, read in one pass that stops at the first error (the critic of ProcessBench, arXiv 2412.06559, and of
arXiv 2501.07301). Either may be asked for several votes, merged by the rules of CAPO (arXiv 2508.02298).

Where ours departs: the published evaluation counts an unreadable critique as a wrong one and its label
builders read it as "no error"; here it is no vote, and with too few votes there is a silence. A verdict that
contradicts its analyses is not believed. CAPO's critiques list every wrong step and call all others right; ours
stop at the first, so what lies behind it is not assessed.
"""

from __future__ import annotations

from annotate.prelabel.contracts import Finding, Silence, Strategy, TraceTask
from annotate.prelabel.judge.critique.equations import judge_equations
from annotate.prelabel.judge.critique.located import judge_paragraphs
from annotate.prelabel.judge.critique.settings import CritiqueSettings


def judge_critique(task: TraceTask, settings: CritiqueSettings) -> Strategy:
    """Judge one trace in the dialect of the settings."""
    if not task.steps:
        return Finding(silences=(Silence(None, "the trace has no steps"),))
    if settings.dialect == "equation":
        return (yield from judge_equations(task, settings))
    return (yield from judge_paragraphs(task, settings))
