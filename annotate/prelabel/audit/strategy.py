"""Ask a judge every family's questions about one trace, and count.

The judge is run on the trace as it is and on each changed copy, all at once. The finding holds counts and no opinions:
an audit labels nothing. What the judge left open is counted as neither right nor wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from annotate.prelabel.audit.counts import FamilyCounts
from annotate.prelabel.audit.families import FAMILIES
from annotate.prelabel.audit.probe import Probe, Result, Skipped, Subject, truth_of
from annotate.prelabel.audit.reading import Reading, Scale, read, scale_of
from annotate.prelabel.audit.side_by_side import Broke, side_by_side
from annotate.prelabel.audit.variants import as_it_is
from annotate.prelabel.contracts import Finding, Silence, Strategy, TraceTask
from annotate.prelabel.entries import StrategyEntry
from annotate.settings import require


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """``judge`` is the audited strategy's name, ``judge_settings`` its own in full.

    ``votes`` is how often the same question is put in all. ``hint_rater`` names the rater that knows where the first
    errors are; empty where nobody does.
    """

    judge: str
    judge_settings: Mapping[str, Any] = field(default_factory=dict)
    votes: int = 4
    hint_rater: str = ""

    def __post_init__(self) -> None:
        require(2 <= self.votes <= 64, "votes", "must lie between 2 and 64.")


def audit(task: TraceTask, settings: AuditSettings, judge: StrategyEntry) -> Strategy:
    """Audit ``judge`` on one trace."""
    if not task.steps:
        return Finding(silences=(Silence(None, "the trace has no steps"),))
    subject = Subject(task, truth_of(task), settings.judge_settings, settings.votes)
    asked: list[tuple[str, Probe]] = []
    counts = {name: FamilyCounts() for name in FAMILIES}
    for name, question in _questions(subject):
        if isinstance(question, Skipped):
            counts[name].add(Result("n/a", question.why), "", "")
        else:
            asked.append((name, question))
    ends = yield from side_by_side(
        [judge.start(as_it_is(task).task, settings.judge_settings)]
        + [judge.start(probe.task, {**settings.judge_settings, **probe.settings}) for _, probe in asked]
    )
    scale = scale_of(task.criterion, settings.judge_settings)
    plain, *probed = (_reading(end, scale) for end in ends)
    for (name, probe), reading in zip(asked, probed, strict=True):
        result = Result("unread", reading.broke) if reading.broke else probe.check(plain, reading)
        counts[name].add(result, probe.variant, probe.shown)
    return Finding(summary={"families": {name: count.as_json() for name, count in counts.items()}})


def _questions(subject: Subject) -> Iterator[tuple[str, Probe | Skipped]]:
    for family in FAMILIES.values():
        for question in family.ask(subject):
            yield family.name, question


def _reading(end: Finding | Broke, scale: Scale) -> Reading:
    return Reading(broke=end.reason) if isinstance(end, Broke) else read(end, scale)
