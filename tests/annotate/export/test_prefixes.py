from __future__ import annotations

import pytest

from annotate.enums import Action
from annotate.export.contracts import StepRow, TraceRow
from annotate.export.prefixes import (
    HardSettings,
    NumberedSettings,
    Tallies,
    numbered,
    prefix_counts,
    prefix_funnel,
    prefix_of,
)

LEVELS = {"g": "good", "n": "neutral", "b": "bad"}


def a_trace(letters: str) -> TraceRow:
    """g, n, b are kept; ? is asked about, . was dropped."""
    steps = tuple(
        StepRow(
            i,
            "thought",
            f"{i}",
            f"{i}",
            Action.KEEP if letter in LEVELS else (Action.ASK if letter == "?" else Action.DROP),
            LEVELS.get(letter, ""),
            None,
            "",
            (),
        )
        for i, letter in enumerate(letters)
    )
    return TraceRow("t", "p", "P", "", None, steps)


@pytest.mark.parametrize(
    ("letters", "settings", "labels", "counts"),
    [
        ("ggb", {}, "++-", {}),
        ("gb.g", {}, "+-", {"steps_cut_off": 1}),
        ("gbgb", {}, "+-+-", {}),
        ("gbgb", {"after_error": "cut"}, "+-", {"steps_cut_after_error": 2}),
        ("gb.?g", {"after_error": "false"}, "+----", {"steps_filled_after_error": 3}),
        ("gb.b", {"after_error": "false"}, "+---", {"steps_filled_after_error": 1}),
        ("g?b", {"after_error": "false"}, "+", {"steps_cut_off": 1}),
        ("gng", {"neutral": "drop"}, "+", {"steps_neutral_cut": 1, "steps_cut_off": 1}),
        ("gng", {"neutral": "false"}, "+-+", {}),
        ("gng", {"neutral": "false", "after_error": "cut"}, "+-", {"steps_cut_after_error": 1}),
        ("?gg", {}, "", {"steps_cut_off": 2}),
        ("", {}, "", {}),
    ],
)
def test_a_prefix_and_what_is_counted(letters, settings, labels, counts):
    tallies, chosen = Tallies(), HardSettings(**settings)

    found = prefix_of(a_trace(letters), chosen, tallies)

    assert "".join("+" if label else "-" for label in found) == labels
    told = prefix_counts(tallies)
    names = ("steps_cut_off", "steps_neutral_cut", "steps_cut_after_error", "steps_filled_after_error")
    assert {name: told[name] for name in names if told.get(name)} == counts


@pytest.mark.parametrize("after_error", ["as_decided", "cut"])
@pytest.mark.parametrize("letters", ["ggb", "gbgb", "gn?b", "?g", "gb.g", "ngb"])
def test_every_kept_step_is_written_or_has_its_line(letters, after_error):
    tallies, chosen = Tallies(), HardSettings(after_error=after_error, neutral="drop")
    labels = prefix_of(a_trace(letters), chosen, tallies)
    tallies.written.add(len(labels))
    kept = sum(letter in LEVELS for letter in letters)
    assert sum(row.steps for row in prefix_funnel(tallies, chosen)) == kept


def test_a_number_is_put_where_there_is_none():
    settings = NumberedSettings()
    assert numbered("Add.", 2, settings) == "Step 2: Add."
    assert numbered("Step 2: Add.", 2, settings) == "Step 2: Add."
    assert numbered("Add.", 2, NumberedSettings(is_numbered=False)) == "Add."
