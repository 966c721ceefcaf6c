"""Count, while decisions go by, how many steps and traces each reason took away (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from annotate.consensus.contracts import Decision, Reason
from annotate.enums import Action


@dataclass(frozen=True, slots=True)
class FunnelRow:
    """``traces`` counts traces with at least one such step, so only ``steps`` adds up to the first row."""

    reason: str
    title: str
    action: str
    steps: int
    traces: int


class Funnel:
    def __init__(self, reasons: Sequence[Reason], *, if_used: Sequence[Reason] = ()) -> None:
        """``if_used`` are shown only where a step has one of them: most projects have no reviewers."""
        self._reasons, self._if_used = reasons, if_used
        self._steps: Counter[str] = Counter()
        self._traces: Counter[str] = Counter()
        self._n_traces = 0

    def add(self, decisions: Iterable[Decision]) -> None:
        """Count one trace."""
        counts = Counter(decision.reason for decision in decisions)
        self._steps.update(counts)
        self._traces.update(counts.keys())
        self._n_traces += 1

    def rows(self) -> list[FunnelRow]:
        """From all steps, through every reason to lose one, to the reasons to keep one."""
        reasons = [*self._reasons, *(reason for reason in self._if_used if self._steps[reason.key])]
        lost = [reason for reason in reasons if reason.action != Action.KEEP]
        kept = [reason for reason in reasons if reason.action == Action.KEEP]
        every = FunnelRow("all", "All steps", "", self._steps.total(), self._n_traces)
        return [every, *(self._row(reason) for reason in (*lost, *kept))]

    def _row(self, reason: Reason) -> FunnelRow:
        return FunnelRow(
            reason.key, reason.title, reason.action.value, self._steps[reason.key], self._traces[reason.key]
        )


def as_json(rows: Iterable[FunnelRow]) -> list[dict[str, Any]]:
    return [asdict(row) for row in rows]


def from_json(rows: Iterable[dict[str, Any]]) -> list[FunnelRow]:
    return [FunnelRow(**row) for row in rows]
