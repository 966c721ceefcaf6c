from __future__ import annotations

from dataclasses import replace

import pytest

from annotate.enums import CriterionKind, Scope, StepKind
from annotate.ingest.founding import create_rubric, draft_version, rewrite_rubric
from annotate.ingest.presets import CriterionPreset, LevelPreset
from annotate.ingest.rubric_rows import criteria_of
from tests.factories import a_project

pytestmark = pytest.mark.django_db

EVERYTHING = [
    CriterionPreset(
        "verdict",
        "Verdict",
        "Right?",
        (
            LevelPreset("good", "Good", "Yes.", "1", 1.0, examples="`1 + 1 = 2`"),
            LevelPreset("bad", "Bad", "No.", "2", -1.0, needs_text=True),
        ),
        stops_at_first_error=True,
        fills_before_error=True,
        step_kinds=(StepKind.ACTION,),
    ),
    CriterionPreset(
        "slips",
        "Slips",
        "",
        (LevelPreset("sign", "Sign", hotkey="1"),),
        kind=CriterionKind.TAGS,
        severities=("minor", "fatal"),
        is_optional=True,
        condition="verdict",
        condition_levels=("bad",),
    ),
    CriterionPreset("whole", "Whole", "", (), scope=Scope.TRACE, kind=CriterionKind.GROUP, weight=2.0),
    CriterionPreset(
        "exit",
        "Exit",
        "",
        (
            LevelPreset("done", "Done", score=1.0),
            LevelPreset("give-up", "Give up", score=0.0, ends_trace=True, is_fatal=True),
        ),
        scope=Scope.TRACE,
        kind=CriterionKind.CHOICE,
        weight=0.5,
        parent="whole",
    ),
]


def test_what_is_written_reads_back_the_same() -> None:
    rubric = create_rubric(a_project(), name="All of it", criteria=EVERYTHING, guidelines="Read.")
    assert criteria_of(rubric) == EVERYTHING
    copy = draft_version(rubric)
    assert (copy.version, copy.guidelines, criteria_of(copy)) == (2, "Read.", EVERYTHING)


def test_rewriting_keeps_rows_by_key_and_lets_levels_swap_their_keys() -> None:
    rubric = create_rubric(a_project(), name="All of it", criteria=EVERYTHING)
    kept = rubric.criteria.get(key="exit").pk
    first = EVERYTHING[0]
    good, bad = first.levels
    swapped = replace(first, levels=(replace(good, hotkey="2"), replace(bad, hotkey="1")))
    changed = [EVERYTHING[2], EVERYTHING[3], swapped]
    rewrite_rubric(rubric, changed)
    assert criteria_of(rubric) == changed
    assert rubric.criteria.get(key="exit").pk == kept
