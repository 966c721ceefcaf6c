from __future__ import annotations

import pytest

from annotate.errors import Rejected
from annotate.ingest.first_step import is_numbered, told_apart


@pytest.mark.parametrize(
    "problem", ["2 + 3?", " With space around?  \n", "Is Step 2: right, or a step 1: at all?"]
)
@pytest.mark.parametrize("first", ["Step 1: Add.", "## Step 1: Add.\n", "**Step 1:** Add.", "Step 1:   Add."])
def test_problem_and_first_step_come_apart_as_they_were(problem: str, first: str) -> None:
    assert told_apart(f"{problem} {first}", "input") == (problem, first)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2 + 3? Add.", "nowhere in it"),
        ("Is Step 1: right? Step 1: Yes.", "more than once in it"),
        ("2 + 3? Step 1: ## Step 1: Add.", "more than once in it"),
        ("Step 1: Add.", "holds no problem"),
        (" \nStep 1: Add.", "holds no problem"),
    ],
)
def test_what_cannot_be_told_apart_is_refused(text: str, reason: str) -> None:
    with pytest.raises(Rejected, match=reason) as caught:
        told_apart(text, "input", "in it")
    assert caught.value.field == "input"


def test_a_number_may_stand_in_markdown() -> None:
    assert all(is_numbered(f"{mark}Step 2: b", 2) for mark in ("", "### ", "**", "__"))
    assert not any(
        is_numbered(text, 2) for text in ("Step 21: b", "Step 2 b", "b Step 2: c", "Step 1: Step 2: c")
    )
