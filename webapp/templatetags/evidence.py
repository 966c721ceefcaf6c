"""``{% load evidence %}``: what a machine measured, as words. Every strategy brings its own facts; none is hidden."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import template
from django.utils.translation import gettext

from annotate.enums import RaterKind
from annotate.prelabel.continuations.rollouts import AFTER_ERROR
from annotate.prelabel.queries import Signal
from annotate.wording import figure

register = template.Library()

# What the signal says in a sentence of its own, or what only a machine reads.
_COUNTS = {"hits", "misses", "unknown", "tried", "truncated", "failed", "ungradable", "posterior_mean"}
_SENTENCES = {
    "final_answer",
    "regret",
    "token",
    "equations",
    "self_confidence",
    "self_confidence_n",
    "errors",
}
_FOR_MACHINES = {"outcomes", "question", "start", "end", "model"}
_TOLD = _COUNTS | _SENTENCES | _FOR_MACHINES
_DECIMALS = 3


@dataclass(frozen=True, slots=True)
class Fact:
    """``value`` is short enough for a line; a long one is folded."""

    name: str
    value: str

    @property
    def is_long(self) -> bool:
        return len(self.value) > 80 or "\n" in self.value


@dataclass(frozen=True, slots=True)
class Share:
    """One level of a distribution, ``percent`` for the width of its bar."""

    level: str
    probability: float

    @property
    def percent(self) -> int:
        return round(100 * self.probability)


@register.filter
def other_facts(signal: Signal) -> list[Fact]:
    """The facts that no sentence of the signal tells, in the strategy's own order."""
    return [Fact(_words(name), _shown(value)) for name, value in signal.evidence.items() if name not in _TOLD]


@register.filter
def shares(signal: Signal) -> list[Share]:
    """The verdict's probabilities, most probable first."""
    found = [Share(level, float(p)) for level, p in (signal.distribution or {}).items()]
    return sorted(found, key=lambda share: -share.probability)


@register.filter
def was_asked(signal: Signal) -> bool:
    """Whether a model or a tool answered something about this place: not after an error, nor by checks of our own."""
    if signal.kind == RaterKind.VERIFIER:
        return "exit_code" in signal.evidence or "program" in signal.evidence
    return signal.reason != AFTER_ERROR


def _words(name: str) -> str:
    return name.replace("_", " ")


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, float):
        return figure(f"{value:.{_DECIMALS}f}".rstrip("0").rstrip("."))
    if isinstance(value, str | int):
        return str(value)
    if value is None:
        return gettext("unknown")
    if isinstance(value, Sequence) and all(isinstance(part, str | int | float) for part in value):
        return ", ".join(_shown(part) for part in value) or gettext("none")
    if isinstance(value, Mapping) and all(isinstance(part, str | int | float) for part in value.values()):
        return ", ".join(f"{key}: {_shown(part)}" for key, part in value.items()) or gettext("none")
    return json.dumps(value, ensure_ascii=False, indent=2)
