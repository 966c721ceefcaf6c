"""What came of an audit, in numbers that add up over traces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from annotate.prelabel.audit.probe import Result

KEPT_EXAMPLES = 5
SHOWN_CHARACTERS = 600


@dataclass(slots=True)
class FamilyCounts:
    """``held`` and ``failed`` make the rate; ``unread`` and ``skipped`` are kept apart, by reason.

    ``variants`` maps the name of a question to how often it held and failed. ``examples`` are the first failures.
    """

    held: int = 0
    failed: int = 0
    unread: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    variants: dict[str, list[int]] = field(default_factory=dict)
    examples: list[dict[str, Any]] = field(default_factory=list)

    @property
    def n(self) -> int:
        return self.held + self.failed

    def add(self, result: Result, variant: str, shown: str) -> None:
        if result.outcome == "n/a":
            self.skipped[result.why] += 1
        elif result.outcome == "unread":
            self.unread[result.why] += 1
        else:
            is_failed = result.outcome == "failed"
            self.held, self.failed = self.held + (not is_failed), self.failed + is_failed
            self.variants.setdefault(variant, [0, 0])[is_failed] += 1
            if is_failed and len(self.examples) < KEPT_EXAMPLES:
                self.examples.append({"variant": variant, "why": result.why, "text": _bounded(shown)})

    def as_json(self) -> dict[str, Any]:
        return {
            "held": self.held,
            "failed": self.failed,
            "unread": dict(self.unread),
            "skipped": dict(self.skipped),
            "variants": self.variants,
            "examples": self.examples,
        }


def added_up(parts: Iterable[Mapping[str, Any]]) -> FamilyCounts:
    """One family's counts over all traces; examples come from different traces as long as there are some."""
    total = FamilyCounts()
    waiting: list[list[dict[str, Any]]] = []
    for part in parts:
        total.held += part["held"]
        total.failed += part["failed"]
        total.unread.update(part["unread"])
        total.skipped.update(part["skipped"])
        for variant, (held, failed) in part["variants"].items():
            seen = total.variants.setdefault(variant, [0, 0])
            seen[0], seen[1] = seen[0] + held, seen[1] + failed
        waiting.append(list(part["examples"]))
    while len(total.examples) < KEPT_EXAMPLES and any(waiting):
        total.examples += [examples.pop(0) for examples in waiting if examples]
    del total.examples[KEPT_EXAMPLES:]
    return total


def _bounded(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]} …"
