from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.errors import Rejected
from annotate.prelabel.audit.side_by_side import Broke, side_by_side
from annotate.prelabel.contracts import Finding, Message, Request, Strategy
from tests.annotate.prelabel.answering import said


def asking(name: str, waves: list[int]) -> Strategy:
    """Asks waves of these sizes and reports what it was told."""
    told = []
    for number, size in enumerate(waves):
        answers = yield [Request((Message("user", f"{name}/{number}/{i}"),)) for i in range(size)]
        told += [completions[0].text for completions in answers]
    return Finding(summary={"told": told})


def echoed(strategy) -> tuple[list, int]:
    waves = 0
    try:
        batch = next(strategy)
        while True:
            waves += 1
            batch = strategy.send([[said(request.messages[0].content)] for request in batch])
    except StopIteration as end:
        return end.value, waves


@given(st.lists(st.lists(st.integers(0, 3), max_size=4), max_size=5))
def test_each_hears_the_answers_to_its_own_questions(shapes):
    found, waves = echoed(side_by_side([asking(str(i), shape) for i, shape in enumerate(shapes)]))
    assert [finding.summary["told"] for finding in found] == [
        [f"{i}/{number}/{j}" for number, size in enumerate(shape) for j in range(size)]
        for i, shape in enumerate(shapes)
    ]
    assert waves == max((len(shape) for shape in shapes), default=0)


def test_one_that_breaks_leaves_the_others_alone():
    def refusing() -> Strategy:
        yield [Request((Message("user", "?"),))]
        raise Rejected("is too long for the model.", field="trace")

    found, _ = echoed(side_by_side([refusing(), asking("b", [1, 1])]))
    assert found[0] == Broke("field trace: is too long for the model.")
    assert found[1].summary["told"] == ["b/0/0", "b/1/0"]


def test_nothing_to_run_asks_nothing():
    with pytest.raises(StopIteration) as end:
        next(side_by_side([]))
    assert end.value.value == []
