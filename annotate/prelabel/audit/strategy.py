"""Ask a judge every family's questions about one trace or pair, and count.

The judge is run on it as it is and on each changed copy, all at once. The finding holds counts and no opinions:
an audit labels nothing. What the judge left open is counted as neither right nor wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from annotate.prelabel.audit.counts import FamilyCounts
from annotate.prelabel.audit.kinds import kind_of
from annotate.prelabel.audit.probe import Probe, Result, Skipped
from annotate.prelabel.audit.side_by_side import Broke, side_by_side
from annotate.prelabel.contracts import Finding, Silence, Strategy, Task
from annotate.prelabel.entries import StrategyEntry
from annotate.settings import require


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """``judge`` is the audited strategy's name, ``judge_settings`` its own in full.

    ``votes`` is how often the same question is put in all. ``hint_rater`` names the rater that knows the right labels;
    empty where nobody does.
    """

    judge: str
    judge_settings: Mapping[str, Any] = field(default_factory=dict)
    votes: int = 4
    hint_rater: str = ""

    def __post_init__(self) -> None:
        require(2 <= self.votes <= 64, "votes", "must lie between 2 and 64.")


def audit(task: Task, settings: AuditSettings, judge: StrategyEntry) -> Strategy:
    """Audit ``judge`` on one trace or pair."""
    kind = kind_of(task)
    subject = kind.subject(task, settings.judge_settings, settings.votes)
    if subject.flaw:
        return Finding(silences=(Silence(None, subject.flaw),))
    asked: list[tuple[str, Probe]] = []
    counts = {name: FamilyCounts() for name in kind.families}
    for name, family in kind.families.items():
        for question in family.ask(subject):
            if isinstance(question, Skipped):
                counts[name].add(Result("n/a", question.why), "", "")
            else:
                asked.append((name, question))
    ends = yield from side_by_side(
        [judge.start(subject.plain, settings.judge_settings)]
        + [judge.start(probe.task, {**settings.judge_settings, **probe.settings}) for _, probe in asked]
    )
    plain, *probed = (subject.read(_said(end)) for end in ends)
    for (name, probe), reading in zip(asked, probed, strict=True):
        counts[name].add(probe.check(plain, reading), probe.variant, probe.shown)
    return Finding(summary={"families": {name: count.as_json() for name, count in counts.items()}})


def _said(end: Finding | Broke) -> Finding:
    """A judge that broke has said nothing, for that reason."""
    return Finding(silences=(Silence(None, end.reason),)) if isinstance(end, Broke) else end
