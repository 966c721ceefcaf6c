"""How a question is written down before it is a row: in code, by the API, from the builder's form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from annotate.enums import CriterionKind, Scope, StepKind


@dataclass(frozen=True, slots=True)
class LevelPreset:
    """One allowed answer; see :class:`annotate.models.Level` for what the flags do."""

    key: str
    title: str
    description: str = ""
    hotkey: str = ""
    score: float | None = None
    needs_text: bool = False
    ends_trace: bool = False
    is_fatal: bool = False
    examples: str = ""


@dataclass(frozen=True, slots=True)
class CriterionPreset:
    """One question. ``parent`` and ``condition`` are keys of criteria that stand before it, or empty."""

    key: str
    title: str
    description: str
    levels: Sequence[LevelPreset]
    scope: Scope = Scope.STEP
    kind: CriterionKind = CriterionKind.VERDICT
    is_asked: bool = True
    weight: float = 1.0
    parent: str = ""
    stops_at_first_error: bool = False
    fills_before_error: bool = False
    is_optional: bool = False
    step_kinds: Sequence[StepKind] = ()
    candidate_kind: str = ""
    severities: Sequence[str] = ()
    condition: str = ""
    condition_levels: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class RubricPreset:
    """A rubric that works as it stands. ``guidelines`` are Markdown, read beside every trace."""

    key: str
    title: str
    description: str
    criteria: Sequence[CriterionPreset]
    guidelines: str = ""
