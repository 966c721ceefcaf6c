"""``{% load toolcalls %}``: an agent's action as the tools it calls, with their arguments by name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django import template

from annotate.enums import StepKind
from annotate.models import Step
from annotate.prelabel.contracts import StepTask
from annotate.prelabel.verifiers.tool_call.calls import calls_of

from .reasoning import FOLD_AFTER
from .typeset import reveal

register = template.Library()

# Longer arguments stand on lines of their own.
SHORT = 60


@dataclass(frozen=True, slots=True)
class Argument:
    """``head`` is what stands open; ``rest`` the lines that are folded away, ``n_hidden`` of them."""

    name: str
    head: str
    rest: str = ""
    n_hidden: int = 0

    @property
    def is_short(self) -> bool:
        return "\n" not in self.head and len(self.head) <= SHORT


@dataclass(frozen=True, slots=True)
class ShownCall:
    name: str
    arguments: tuple[Argument, ...]
    trouble: str


@dataclass(frozen=True, slots=True)
class Action:
    """``has_words``: the step says something beside its calls."""

    calls: tuple[ShownCall, ...]
    has_words: bool


@register.filter
def as_action(step: Step) -> Action | None:
    """None for whatever is no action, or calls nothing that can be read; its text is then shown as it is."""
    if step.kind != StepKind.ACTION:
        return None
    calls = calls_of(StepTask(step.position, step.body, step.kind, step.meta))
    if not calls:
        return None
    shown = tuple(
        ShownCall(reveal(call.name), tuple(_arguments(call.arguments)), call.trouble) for call in calls
    )
    return Action(shown, has_words=not _is_json(step.body))


def _arguments(given: Any) -> list[Argument]:
    if given is None:
        return []
    items = given.items() if isinstance(given, dict) else [("", given)]
    return [_argument(str(name), value) for name, value in items]


def _argument(name: str, value: Any) -> Argument:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    lines = reveal(text).split("\n")
    head, rest = lines[:FOLD_AFTER], lines[FOLD_AFTER:]
    return Argument(reveal(name), "\n".join(head), "\n".join(rest), len(rest))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
