"""A rubric's criteria and levels as rows, and the rows as presets again. Used inside founding.py's transactions."""

from __future__ import annotations

from collections.abc import Sequence

from annotate.enums import CriterionKind, Scope, StepKind
from annotate.ingest.presets.contracts import CriterionPreset, LevelPreset
from annotate.models import Criterion, Level, Rubric


def criteria_of(rubric: Rubric) -> list[CriterionPreset]:
    """What a rubric asks, in its order; written again it is the same rubric."""
    rows = list(rubric.criteria.prefetch_related("levels"))
    key_of = {row.pk: row.key for row in rows}
    return [
        CriterionPreset(
            key=row.key,
            title=row.title,
            description=row.description,
            levels=tuple(map(_level_preset, row.levels.all())),
            scope=Scope(row.scope),
            kind=CriterionKind(row.kind),
            is_asked=row.is_asked,
            weight=row.weight,
            parent=key_of[row.parent_id] if row.parent_id else "",
            stops_at_first_error=row.stops_at_first_error,
            fills_before_error=row.fills_before_error,
            is_optional=row.is_optional,
            step_kinds=tuple(map(StepKind, row.step_kinds)),
            candidate_kind=row.candidate_kind,
            severities=tuple(row.severities),
            condition=key_of[row.condition_id] if row.condition_id else "",
            condition_levels=tuple(row.condition_levels),
        )
        for row in rows
    ]


def write_criteria(rubric: Rubric, criteria: Sequence[CriterionPreset]) -> None:
    """Let the rubric ask exactly these. A criterion that keeps its key keeps its row, and what points at it."""
    known = {row.key: row for row in rubric.criteria.all()}
    wanted = {preset.key for preset in criteria}
    # Ties first: a row that goes may be what another one depended on.
    rubric.criteria.update(parent=None, condition=None)
    rubric.criteria.exclude(key__in=wanted).delete()
    rows: dict[str, Criterion] = {}
    for position, preset in enumerate(criteria):
        rows[preset.key] = _write(known.get(preset.key) or Criterion(rubric=rubric), preset, position, rows)
    # Anew, because two levels that swap their hotkeys would for a moment both have one.
    Level.objects.filter(criterion__rubric=rubric).delete()
    Level.objects.bulk_create(
        _level_row(rows[preset.key], level, place)
        for preset in criteria
        for place, level in enumerate(preset.levels)
    )


def _write(row: Criterion, preset: CriterionPreset, position: int, before: dict[str, Criterion]) -> Criterion:
    row.key = preset.key
    row.title = preset.title
    row.description = preset.description
    row.scope = preset.scope
    row.kind = preset.kind
    row.position = position
    row.is_asked = preset.is_asked
    row.weight = preset.weight
    row.parent = before.get(preset.parent)
    row.stops_at_first_error = preset.stops_at_first_error
    row.fills_before_error = preset.fills_before_error
    row.is_optional = preset.is_optional
    row.step_kinds = list(preset.step_kinds)
    row.candidate_kind = preset.candidate_kind
    row.severities = list(preset.severities)
    row.condition = before.get(preset.condition)
    row.condition_levels = list(preset.condition_levels)
    row.save()
    return row


def _level_row(criterion: Criterion, level: LevelPreset, place: int) -> Level:
    return Level(
        criterion=criterion,
        key=level.key,
        title=level.title,
        description=level.description,
        hotkey=level.hotkey,
        score=level.score,
        position=place,
        needs_text=level.needs_text,
        ends_trace=level.ends_trace,
        is_fatal=level.is_fatal,
        examples=level.examples,
    )


def _level_preset(row: Level) -> LevelPreset:
    return LevelPreset(
        key=row.key,
        title=row.title,
        description=row.description,
        hotkey=row.hotkey,
        score=row.score,
        needs_text=row.needs_text,
        ends_trace=row.ends_trace,
        is_fatal=row.is_fatal,
        examples=row.examples,
    )
