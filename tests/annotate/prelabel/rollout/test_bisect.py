from __future__ import annotations

import math
from typing import Any

import pytest

from annotate.errors import Rejected
from annotate.prelabel.contracts import StepTask, TraceTask
from annotate.prelabel.rollout.bisect import BRACKETED, NOT_ASKED, BisectSettings, bisect
from tests.annotate.prelabel.answering import RIGHT, WRONG, reasons, rolled, run, trace, values

UNCLEAR = "too many rollouts without an outcome"


def lone(**values_: Any) -> BisectSettings:
    return BisectSettings(**{"sc_samples": 0, **values_})


@pytest.mark.parametrize("steps", range(1, 13))
def test_bisect_finds_every_error_in_every_length_with_few_places(steps: int) -> None:
    for error in range(steps):
        answer = rolled(dict.fromkeys(range(error, steps), "w"))
        finding, asked = run(bisect(trace(*["step\n"] * (steps - 1), WRONG), lone()), answer)
        assert finding.summary["first_error"] == error
        assert finding.summary["outcome"] == "located"
        assert values(finding) == {i: "bad" if i == error else "good" for i in range(error + 1)}
        assert set(reasons(finding)) == set(range(error + 1, steps))
        assert steps - 1 not in {request.about for request in asked}, "the last step is graded"
        assert len({request.about for request in asked}) <= math.ceil(math.log2(steps))


def test_bisect_halves_and_draws_in_waves() -> None:
    _, asked = run(bisect(trace(*"abcdefg", WRONG), lone()), rolled(dict.fromkeys((4, 5, 6), "w")))
    assert [(request.about, request.n) for request in asked] == [
        (3, 2),
        (5, 2),
        (5, 2),
        (5, 4),
        (4, 2),
        (4, 2),
        (4, 4),
    ]


def test_bisect_does_not_search_a_trace_with_the_right_answer() -> None:
    finding, asked = run(bisect(trace("a\n", "b\n", RIGHT), BisectSettings(sc_samples=4)), rolled({}))
    assert [request.about for request in asked] == [None]
    assert values(finding) == {0: "good", 1: "good", 2: "good"}
    first, _, last = finding.opinions
    assert (first.evidence["hits"], first.evidence["via"]) == (1, "the trace itself")
    assert "tried" not in first.evidence, "no rollout was drawn there"
    assert first.score is None
    assert (last.score, last.evidence["final_answer"]) == (1.0, "right")


def test_bisect_implied_steps_name_the_step_and_carry_no_counts() -> None:
    answer = rolled(dict.fromkeys((4, 5, 6), "w"))
    finding, _ = run(bisect(trace(*"abcdefg", WRONG), lone()), answer)
    evidence = [opinion.evidence for opinion in finding.opinions]
    assert evidence[:3] == [{"implied_by": 3}] * 3
    assert evidence[3]["outcomes"] == "rr"
    assert [opinion.score for opinion in finding.opinions[:3]] == [None] * 3
    finding, _ = run(bisect(trace(*"abcdefg", WRONG), lone(label_implied=False)), answer)
    assert values(finding) == {3: "good", 4: "bad"}
    assert [reasons(finding)[place] for place in range(3)] == [NOT_ASKED] * 3


def test_bisect_implication_speaks_in_positions() -> None:
    task = TraceTask("p", (*(StepTask(10 * i, "step\n") for i in range(7)), StepTask(70, WRONG)), "42")
    finding, _ = run(bisect(task, lone()), rolled(dict.fromkeys((40, 50, 60), "w")))
    assert finding.opinions[0].evidence == {"implied_by": 30}
    assert finding.summary["first_error"] == 40


def test_bisect_passes_over_an_unknown_place_for_its_neighbour() -> None:
    answer = rolled({3: "t", **dict.fromkeys((5, 6), "w")})
    finding, asked = run(bisect(trace(*"abcdefg", WRONG), lone()), answer)
    assert list(dict.fromkeys(request.about for request in asked)) == [3, 2, 4, 5]
    assert finding.summary["first_error"] == 5
    assert reasons(finding)[3] == UNCLEAR
    assert values(finding) == {0: "good", 1: "good", 2: "good", 4: "good", 5: "bad"}


def test_bisect_leaves_the_error_unplaced_where_unknown_places_hide_it() -> None:
    answer = rolled({3: "t", **dict.fromkeys((4, 5, 6), "w")})
    finding, _ = run(bisect(trace(*"abcdefg", WRONG), lone()), answer)
    assert (finding.summary["outcome"], finding.summary["first_error"]) == ("unplaced", None)
    assert values(finding) == {0: "good", 1: "good", 2: "good"}
    assert {place: reasons(finding)[place] for place in (3, 4)} == {3: BRACKETED, 4: BRACKETED}
    assert finding.silences[0].evidence["truncated"] == 8
    assert {reasons(finding)[place] for place in (5, 6, 7)} == {"after the first error"}


def test_bisect_with_a_dead_backend_says_nothing_and_ends() -> None:
    finding, asked = run(bisect(trace(*"abcdefg", WRONG), lone()), rolled(dict.fromkeys(range(7), "f")))
    assert finding.opinions == ()
    assert sum(request.n for request in asked) == 7 * 8
    assert set(reasons(finding).values()) == {BRACKETED}
    finding, _ = run(bisect(trace(*"abc", "and so on"), lone()), rolled(dict.fromkeys(range(3), "f")))
    assert set(reasons(finding).values()) == {UNCLEAR}, "with no final answer there may be no error at all"
    assert finding.summary["outcome"] == "unknown"


def test_bisect_confirms_only_the_located_step() -> None:
    answer = rolled({2: "w", 3: "w"})
    _, asked = run(bisect(trace(*"abcd", WRONG), lone(confirm=True)), answer)
    drawn = {about: sum(r.n for r in asked if r.about == about) for about in (0, 1, 2, 3)}
    assert drawn == {0: 0, 1: 2, 2: 16, 3: 0}


def test_bisect_goes_on_when_confirming_finds_a_success() -> None:
    answer = rolled({2: "w" * 12 + "r", 3: "w"})
    finding, _ = run(bisect(trace(*"abcd", WRONG), lone(confirm=True)), answer)
    assert finding.summary["first_error"] == 3
    assert values(finding) == {0: "good", 1: "good", 2: "good", 3: "bad"}


def test_bisect_wrong_answer_without_a_lost_step_is_a_choice() -> None:
    task = trace("a\n", "b\n", WRONG)
    finding, _ = run(bisect(task, lone(is_wrong_answer_bad=False)), rolled({}))
    assert (values(finding), finding.summary["outcome"]) == ({0: "good", 1: "good"}, "unplaced")
    assert reasons(finding) == {2: "the final answer is wrong"}


def test_bisect_unreadable_answer_still_allows_a_location() -> None:
    finding, _ = run(bisect(trace("a\n", "b\n", "and so on"), lone()), rolled({1: "w"}))
    assert values(finding) == {0: "good", 1: "bad"}
    finding, _ = run(bisect(trace("a\n", "b\n", "and so on"), lone()), rolled({}))
    assert reasons(finding) == {2: "the final answer is ungradable"}
    assert finding.summary["outcome"] == "unknown"


@pytest.mark.parametrize(("field", "value"), [("k_confirm", 4), ("k", 0), ("first_wave", 9)])
def test_bisect_settings_name_the_field_that_is_wrong(field: str, value: int) -> None:
    with pytest.raises(Rejected) as caught:
        lone(**{field: value})
    assert caught.value.field == field
