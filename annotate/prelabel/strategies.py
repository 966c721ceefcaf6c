"""Every strategy by name. Adding one is a file and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from annotate.errors import Rejected
from annotate.prelabel.contracts import Strategy, TraceTask
from annotate.prelabel.judge.critique import CritiqueSettings, judge_critique
from annotate.prelabel.judge.likelihood import LikelihoodSettings, judge_likelihood
from annotate.prelabel.rollout.scan import ScanSettings, scan
from annotate.prelabel.verifiers.arithmetic import ArithmeticSettings, verify_arithmetic
from annotate.settings import build_settings

# The values of ``annotate.enums.RaterKind`` that a machine strategy can speak as.
Kind = Literal["rollout", "judge", "verifier"]


@dataclass(frozen=True, slots=True)
class StrategyEntry:
    """What the rest of the product needs to know about a strategy before running it."""

    name: str
    rater_kind: Kind
    title: str
    settings_class: type[Any]
    factory: Callable[[TraceTask, Any], Strategy]
    needs_backend: bool = True

    def settings(self, values: Mapping[str, Any]) -> Any:
        """Checked settings; ``Rejected`` names the field."""
        return build_settings(self.settings_class, values)

    def start(self, task: TraceTask, values: Mapping[str, Any]) -> Strategy:
        """The generator for one trace."""
        return self.factory(task, self.settings(values))


_ENTRIES = (
    StrategyEntry("rollout/scan", "rollout", "Rollouts, front to back", ScanSettings, scan),
    StrategyEntry("judge/likelihood", "judge", "Judge by surprise", LikelihoodSettings, judge_likelihood),
    StrategyEntry("judge/critique", "judge", "Judge by written critique", CritiqueSettings, judge_critique),
    StrategyEntry(
        "verifier/arithmetic", "verifier", "Arithmetic check", ArithmeticSettings, verify_arithmetic, False
    ),
)
STRATEGIES: Mapping[str, StrategyEntry] = {entry.name: entry for entry in _ENTRIES}


def strategy_called(name: str) -> StrategyEntry:
    """The entry of that name; ``Rejected`` lists the known ones."""
    if name not in STRATEGIES:
        raise Rejected(f"{name!r} is not a strategy; known are {', '.join(STRATEGIES)}.", field="strategy")
    return STRATEGIES[name]
