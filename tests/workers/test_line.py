from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from structlog.contextvars import bound_contextvars, clear_contextvars, get_contextvars

from annotate.errors import BackendError
from annotate.prelabel.contracts import Appetite, Completion, Request
from tests.workers.players import FailingBackend, HashBackend, a_request
from workers.line import TRIES, Line
from workers.waves import Ask

MANY = 1_000


def an_ask(text: str, n: int = 2, first: int = 0) -> Ask:
    request = a_request(text, n)
    return Ask(request, request.digest, tuple(range(first, first + n)))


def everything(ask: Ask) -> Sequence[int]:
    return ask.samples


def a_line(*asks: Ask, **appetite: int) -> Line:
    line = Line(HashBackend(appetite=Appetite(**appetite)))
    for rank, ask in enumerate(asks):
        line.push(rank, ask)
    return line


def texts(batch: Sequence[Ask]) -> list[tuple[str, tuple[int, ...]]]:
    return [(ask.request.messages[0].content, ask.samples) for ask in batch]


def test_a_batch_holds_the_oldest_up_to_its_samples_and_splits_the_last() -> None:
    line = a_line(an_ask("a", 3), an_ask("b", 3), samples=4)
    assert line.fill == 1.5
    assert texts(line.take(everything, MANY)) == [("a", (0, 1, 2)), ("b", (0,))]
    assert texts(line.take(everything, MANY)) == [("b", (1, 2))]
    assert (line.is_waiting, line.fill) == (False, 0)


def test_a_server_gets_whole_questions_one_by_one() -> None:
    line = a_line(an_ask("a", 8), an_ask("b", 1), calls=3, samples=100, requests=1)
    assert (line.fill, line.room) == (2, 1)
    assert texts(line.take(everything, MANY)) == [("a", tuple(range(8)))]
    assert texts(line.take(everything, MANY)) == [("b", (0,))]


def test_what_nobody_wants_any_more_is_left_out() -> None:
    line = a_line(an_ask("a"), an_ask("b"), an_ask("c"), samples=2)
    assert texts(line.take(lambda ask: ask.samples if "c" in ask.request.messages[0].content else (), 9)) == [
        ("c", (0, 1))
    ]
    assert not line.is_waiting


def test_no_more_than_may_be_paid_is_taken_and_the_rest_waits() -> None:
    line = a_line(an_ask("a", 5), samples=64)
    line.push_apart(an_ask("b", 3))
    assert texts(line.take(everything, 2)) == [("b", (0, 1))]
    assert texts(line.take(everything, 2)) == [("b", (2,))]
    assert texts(line.take(everything, 4)) == [("a", (0, 1, 2, 3))]
    assert texts(line.take(everything, 4)) == [("a", (4,))]


def test_a_call_in_the_pools_thread_belongs_to_whoever_asked() -> None:
    """Its lines of the log, above all."""
    found: list[dict[str, object]] = []

    class Noting(HashBackend):
        def answer(self, requests: Sequence[tuple[Request, Sequence[int]]]) -> list[list[Completion]]:
            found.append(get_contextvars())
            return super().answer(requests)

    line = Line(Noting())
    line.push(0, an_ask("a"))
    # Requests of tests before may have left theirs in this thread.
    clear_contextvars()
    with ThreadPoolExecutor(1) as pool, bound_contextvars(run_id=7):
        line.send(line.take(everything, MANY), pool).future.result()
    assert found == [{"run_id": 7}]


def test_there_is_room_for_every_call_that_can_be_made_or_for_the_next() -> None:
    line = a_line(calls=4, samples=100, requests=1)
    assert line.room == 4
    line.under_way = 3
    assert (line.room, line.has_place) == (1, True)
    line.under_way = 4
    assert (line.room, line.has_place) == (1, False)


def test_calls_that_fail_together_cost_patience_once_and_each_outage_waits_longer() -> None:
    backend = FailingBackend(errors=[BackendError("away", retry=True)] * 99)
    line = Line(backend)
    pauses = []
    with ThreadPoolExecutor(2) as pool:
        for outage in range(1, TRIES + 1):
            calls = [line.send([an_ask("a")], pool) for _ in range(3)]
            patience = [line.failed(call, BackendError("away", retry=True)) for call in calls]
            assert patience == [outage < TRIES] * 3
            pauses.append(line.paused)
            assert not line.has_place or line.paused == 0
            line.rest(line.paused)
    assert pauses[:4] == [1, 2, 4, 8]
    assert max(pauses) == 60


def test_a_success_restores_patience_and_the_error_may_ask_for_a_longer_pause() -> None:
    line = Line(FailingBackend())
    with ThreadPoolExecutor(1) as pool:
        line.failed(line.send([an_ask("a")], pool), BackendError("busy", retry=True, wait=7.5))
        assert line.paused == 7.5
        line.succeeded()
        line.failed(line.send([an_ask("a")], pool), BackendError("busy", retry=True))
    assert line.paused == 1


@dataclass
class BrokenBackend(HashBackend):
    def answer(self, requests: Sequence[tuple[Request, Sequence[int]]]) -> list[list[Completion]]:
        raise ZeroDivisionError("oops")


@pytest.mark.parametrize(
    ("backend", "words"),
    [(BrokenBackend(), "The backend broke: ZeroDivisionError: oops"), (None, "names no backend")],
)
def test_a_bug_and_an_absent_backend_are_failures_that_no_patience_helps(
    backend: HashBackend | None, words: str
) -> None:
    with ThreadPoolExecutor(1) as pool:
        call = Line(backend).send([an_ask("a")], pool)
        with pytest.raises(BackendError, match=words) as caught:
            call.future.result()
    assert not caught.value.retry
