from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from annotate.ingest import ahead
from annotate.ingest.ahead import ReadAhead, quick_turns
from annotate.ingest.drafts import (
    BadRow,
    LabelDraft,
    LabelLine,
    PairDraft,
    ProblemDraft,
    RaterDraft,
    Row,
    StepDraft,
    TraceDraft,
    content_hash,
    problem_hash,
    text_hash,
)

SOURCE: Any = SimpleNamespace(n_read=0)


def a_draft(name: str, n_characters: int = 1) -> TraceDraft:
    return TraceDraft(name, ProblemDraft("What?"), (StepDraft(name), StepDraft("x" * n_characters)))


def rows(n: int, n_characters: int = 1) -> Iterator[Row]:
    return (Row(line, a_draft(f"t{line}", n_characters)) for line in range(1, n + 1))


def test_every_row_comes_in_order_with_what_it_is_known_by() -> None:
    with ReadAhead(rows(1000), SOURCE) as chunks:
        read = [one for chunk in chunks for one in chunk.rows]
    assert [one.row.line for one in read] == list(range(1, 1001))
    draft = a_draft("t7")
    [known] = read[6].identities
    problem = problem_hash(draft.problem)
    assert known[:3] == (problem, content_hash(problem, draft.steps), text_hash(draft.steps))


def test_a_pair_has_two_identities_and_what_is_no_trace_none() -> None:
    pair = PairDraft(a_draft("a"), a_draft("b"), None)
    label = LabelLine("a", LabelDraft(RaterDraft("ann"), "verdict", 0, "good"))
    given = iter([Row(1, pair), Row(2, label), BadRow(3, None, "is broken")])
    with ReadAhead(given, SOURCE) as chunks:
        [chunk] = chunks
    assert [len(one.identities) for one in chunk.rows] == [2, 0, 0]


def test_what_goes_wrong_is_raised_behind_the_rows_before_it() -> None:
    def broken() -> Iterator[Row]:
        yield from rows(3)
        raise ZeroDivisionError

    with ReadAhead(broken(), SOURCE) as ahead_of_us:
        chunks = iter(ahead_of_us)
        assert len(next(chunks).rows) == 3
        with pytest.raises(ZeroDivisionError):
            next(chunks)


def test_no_more_is_read_than_may_wait_and_whoever_stops_ends_the_reading(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ahead, "WEIGHT", 1_000)
    monkeypatch.setattr(ahead, "MOST_WAITING", 5_000)
    n_given = 0
    closed_by = []

    def endless() -> Iterator[Row]:
        nonlocal n_given
        try:
            while True:
                n_given += 1
                yield Row(n_given, a_draft(f"t{n_given}", 1_000))
        finally:
            closed_by.append(threading.current_thread())

    with ReadAhead(endless(), SOURCE) as chunks:
        for number, _ in enumerate(chunks):
            if number == 20:
                break
    # Those taken, those that wait, and the one that was being handed over.
    assert n_given <= 21 + 5 + 2
    # By the thread that opened whatever it holds.
    assert len(closed_by) == 1
    assert closed_by[0] is not threading.current_thread()
    assert not closed_by[0].is_alive()


def test_one_row_that_weighs_more_than_may_wait_goes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "MOST_WAITING", 10)
    with ReadAhead(rows(700, n_characters=100), SOURCE) as chunks:
        assert sum(len(chunk.rows) for chunk in chunks) == 700


def test_turns_are_as_long_as_before_when_the_last_is_out() -> None:
    usual = sys.getswitchinterval()
    with quick_turns():
        with quick_turns():
            pass
        assert sys.getswitchinterval() < usual
    assert sys.getswitchinterval() == usual
