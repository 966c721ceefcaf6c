from __future__ import annotations

from annotate.prelabel.audit.counts import KEPT_EXAMPLES, SHOWN_CHARACTERS, FamilyCounts, added_up
from annotate.prelabel.audit.probe import HELD, Result


def counted(*results: Result, shown: str = "text") -> FamilyCounts:
    counts = FamilyCounts()
    for result in results:
        counts.add(result, "one", shown)
    return counts


def test_open_and_idle_questions_are_kept_out_of_the_rate():
    counts = counted(
        HELD, Result("failed", "moved"), Result("unread", "cut off"), Result("n/a", "no key"), HELD
    )
    assert (counts.held, counts.failed, counts.n) == (2, 1, 3)
    assert (dict(counts.unread), dict(counts.skipped)) == ({"cut off": 1}, {"no key": 1})
    assert counts.variants == {"one": [2, 1]}


def test_counts_add_up_and_examples_come_from_different_traces_first():
    many = counted(*[Result("failed", "a")] * 9)
    few = counted(Result("failed", "b"), HELD)
    total = added_up([many.as_json(), few.as_json(), FamilyCounts().as_json()])
    assert (total.held, total.failed, total.variants) == (1, 10, {"one": [1, 10]})
    assert [example["why"] for example in total.examples] == ["a", "b", "a", "a", "a"]
    assert len(total.examples) == KEPT_EXAMPLES


def test_a_long_text_is_shown_as_cut():
    (example,) = counted(Result("failed", "moved"), shown="x" * 5000).examples
    assert example["text"] == "x" * SHOWN_CHARACTERS + " …"
