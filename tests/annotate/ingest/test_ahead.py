from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from annotate.errors import Rejected
from annotate.ingest.ahead import read_ahead
from annotate.ingest.drafts import BadRow, PairDraft, ProblemDraft, Row, StepDraft, TraceDraft, fingerprint_of


def a_row(line: int, text: str = "x = 2.") -> Row:
    return Row(line, TraceDraft(f"t{line}", ProblemDraft("What is x?"), (StepDraft(text),)))


def readers_at_work() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "read-ahead"]


def test_rows_come_in_order_each_with_how_far_the_file_was_read() -> None:
    n_read = 0

    def rows() -> Iterator[Row | BadRow]:
        nonlocal n_read
        for line in range(1, 1001):
            n_read += 10
            yield BadRow(line, "id", "is missing") if line % 7 == 0 else a_row(line)

    found = list(read_ahead(rows(), lambda: n_read))
    assert [row.line for row, _ in found] == list(range(1, 1001))
    assert [so_far for _, so_far in found] == sorted(so_far for _, so_far in found)
    assert all(so_far >= 10 * row.line for row, so_far in found)
    assert found[-1][1] == 10_000
    assert not readers_at_work()


def test_fingerprints_are_taken_on_the_way_for_both_sides_of_a_pair() -> None:
    first, second = a_row(1).draft, a_row(1, "x = 3.").draft
    assert isinstance(first, TraceDraft)
    assert isinstance(second, TraceDraft)
    found = [
        row for row, _ in read_ahead(iter([Row(1, PairDraft(first, second, None)), a_row(2)]), lambda: 0)
    ]
    assert first.fingerprint == fingerprint_of(first)
    assert second.fingerprint == fingerprint_of(second)
    assert first.fingerprint.problem == second.fingerprint.problem
    assert first.fingerprint.content != second.fingerprint.content
    assert isinstance(found[1], Row)
    assert isinstance(found[1].draft, TraceDraft)
    assert found[1].draft.fingerprint is not None


def test_what_goes_wrong_is_raised_behind_the_rows_before_it() -> None:
    def rows() -> Iterator[Row | BadRow]:
        for line in range(1, 451):
            yield a_row(line)
        raise Rejected("the gzip data is broken", row=451)

    seen = []
    ahead = (seen.append(row.line) for row, _ in read_ahead(rows(), lambda: 0))
    with pytest.raises(Rejected, match="gzip data is broken"):
        list(ahead)
    assert seen == list(range(1, 451))
    assert not readers_at_work()


@pytest.mark.parametrize("text", ["x = 2.", "x" * 300_000])
def test_only_so_much_is_read_ahead_and_nothing_once_nobody_wants_it(text: str) -> None:
    made, is_closed = [], False

    def rows() -> Iterator[Row | BadRow]:
        nonlocal is_closed
        try:
            for line in range(1, 100_000):
                made.append(line)
                yield a_row(line, text)
        finally:
            is_closed = True

    with closing(read_ahead(rows(), lambda: 0)) as ahead:
        next(ahead)
        before = 0
        while len(made) > before:
            before = len(made)
            time.sleep(0.3)
        # The pile in hand, those that wait, and the one that finds no place.
        assert len(made) <= (12 * 200 if len(text) < 10 else 12 * 4)
    assert is_closed
    assert not readers_at_work()


def test_slow_rows_wait_for_no_pile_and_whoever_waits_for_them_is_told() -> None:
    is_waiting = 0

    def rows() -> Iterator[Row | BadRow]:
        for line in range(1, 5):
            time.sleep(0.4)
            yield a_row(line)

    def wait() -> None:
        nonlocal is_waiting
        is_waiting += 1

    began, seen = time.monotonic(), []
    for row, _ in read_ahead(rows(), lambda: 0, wait):
        seen.append((row.line, time.monotonic() - began))
    assert [line for line, _ in seen] == [1, 2, 3, 4]
    assert seen[0][1] < 1.4 < seen[-1][1]
    assert is_waiting >= 2


def test_what_goes_wrong_while_a_row_is_prepared_is_raised_as_well() -> None:
    ahead = read_ahead(iter([a_row(1), a_row(2, "no text: \ud800")]), lambda: 0)
    with pytest.raises(UnicodeEncodeError):
        list(ahead)
    assert not readers_at_work()
