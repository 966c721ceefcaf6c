from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.errors import BackendError, Rejected
from annotate.prelabel.contracts import Answer, Appetite, Completion, Finding, Request, Strategy
from tests.workers.players import (
    FailingBackend,
    HashBackend,
    MemoryStore,
    a_request,
    counting,
    early_stopping,
)
from workers.backends.withdrawal import Withdrawn, make_sure, undone_by
from workers.driver import SAMPLE_TRIES, Drive, drive
from workers.waves import Place


@dataclass
class Outcome:
    findings: dict[int, Finding] = field(default_factory=dict)
    failures: dict[int, str] = field(default_factory=dict)
    report: Drive = field(default_factory=Drive)


def driven(
    strategies: Mapping[int, Strategy],
    backend: HashBackend | None,
    store: MemoryStore | None = None,
    **options: object,
) -> Outcome:
    outcome = Outcome()
    options.setdefault("sleep", lambda seconds: None)
    outcome.report = drive(
        strategies,
        backend,
        store if store is not None else MemoryStore(),
        on_finish=outcome.findings.__setitem__,
        on_fail=outcome.failures.__setitem__,
        **options,  # type: ignore[arg-type]
    )
    return outcome


def seen(finding: Finding) -> list[str]:
    return list(finding.opinions[0].evidence["seen"])


def test_waves_of_one_question_number_their_samples_on() -> None:
    finding = driven({1: counting("a", (2, 4))}, HashBackend()).findings[1]
    assert [line.split(":")[0] for line in seen(finding)] == ["0", "1", "2", "3", "4", "5"]


def test_two_strategies_with_one_question_pay_once() -> None:
    backend, store = HashBackend(), MemoryStore()
    outcome = driven({1: counting("same", (2, 2)), 2: counting("same", (4, 1))}, backend, store, max_batch=3)
    assert max(backend.asked.values()) == 1
    assert len(backend.asked) == len(store.held) == 5
    assert seen(outcome.findings[1]) == seen(outcome.findings[2])[:4]


def test_a_text_scored_twice_is_one_answer_apart_from_its_continuation() -> None:
    def scoring() -> Strategy:
        first, second, third = yield [
            a_request("a", 0, score="b"),
            a_request("a", 0, score="b"),
            a_request("a", 1, score="b"),
        ]
        assert first == second != third
        return Finding()

    backend = HashBackend()
    assert driven({1: scoring()}, backend).failures == {}
    assert sorted(backend.asked.values()) == [1, 1]


@given(seed=st.integers(0, 10_000), max_batch=st.integers(1, 40), n=st.integers(1, 12))
def test_neither_order_nor_batch_size_changes_a_finding(seed: int, max_batch: int, n: int) -> None:
    plain = driven({key: early_stopping(f"trace {key % 7}") for key in range(n)}, HashBackend())
    keys = random.Random(seed).sample(range(n), n)
    backend = HashBackend()
    mixed = driven({key: early_stopping(f"trace {key % 7}") for key in keys}, backend, max_batch=max_batch)
    assert mixed.findings == plain.findings
    assert backend.largest <= max_batch
    assert max(backend.asked.values()) == 1


@given(stops=st.lists(st.integers(1, 4), max_size=6), n=st.integers(1, 10))
def test_a_drive_stopped_anywhere_and_resumed_ends_like_an_undisturbed_one(stops: list[int], n: int) -> None:
    undisturbed = driven({key: early_stopping(f"trace {key}") for key in range(n)}, HashBackend())
    backend, store = HashBackend(), MemoryStore()
    findings: dict[int, Finding] = {}
    for allowed in [*stops, None]:
        left = [key for key in range(n) if key not in findings]
        until = None if allowed is None else backend.calls + allowed
        outcome = driven(
            {key: early_stopping(f"trace {key}") for key in left},
            backend,
            store,
            max_batch=4,
            should_stop=lambda until=until: until is not None and backend.calls >= until,
        )
        assert set(outcome.report.left).isdisjoint(outcome.findings)
        findings |= outcome.findings
    assert findings == undisturbed.findings
    assert max(backend.asked.values()) == 1


def test_older_strategies_finish_first() -> None:
    order: list[int] = []
    store = MemoryStore()
    drive(
        {key: counting(f"trace {key}", (2, 2, 2)) for key in range(20)},
        HashBackend(),
        store,
        on_finish=lambda key, finding: order.append(key),
        on_fail=lambda key, reason: None,
        max_batch=8,
    )
    assert order == sorted(order)


def test_more_is_asked_only_while_a_batch_cannot_be_filled() -> None:
    rooms: list[int] = []
    waiting = [counting(f"trace {key}", (2,)) for key in range(9)]

    def more(room: int) -> dict[int, Strategy]:
        rooms.append(room)
        return {len(waiting): waiting.pop()} if waiting else {}

    outcome = driven({}, HashBackend(), max_batch=6, more=more)
    assert len(outcome.findings) == 9
    assert rooms[:4] == [6, 4, 2, 6]


@dataclass
class FlakyBackend(HashBackend):
    """Fails the first ``failures`` tries of every odd sample."""

    failures: int = 1

    def one(self, request: Request, sample: int) -> Completion:
        good = super().one(request, sample)
        if sample % 2 and self.asked[request.digest, sample] <= self.failures:
            return Completion("", "error", sample, error="slipped")
        return good


def test_a_failed_sample_is_asked_again_and_leaves_no_trace() -> None:
    store = MemoryStore()
    flaky = driven({1: counting("a")}, FlakyBackend(failures=1), store)
    assert flaky.findings == driven({1: counting("a")}, HashBackend()).findings
    assert {c.finish_reason for c in store.held.values()} == {"stop"}


def test_a_sample_that_keeps_failing_becomes_a_stored_unknown_and_replays_as_one() -> None:
    store, backend = MemoryStore(), FlakyBackend(failures=99)
    first = driven({1: counting("a")}, backend, store)
    assert [line for line in seen(first.findings[1]) if ":error:" in line] == [
        "1:error:",
        "3:error:",
        "5:error:",
    ]
    assert {backend.asked[place] for place in store.held if place[1] % 2} == {SAMPLE_TRIES}
    again = driven({1: counting("a")}, HashBackend(), store)
    assert again.findings == first.findings
    assert again.report.asked == 0


def test_a_backend_that_asks_for_patience_gets_it() -> None:
    slept: list[float] = []
    backend = FailingBackend(errors=[BackendError("busy", retry=True, wait=0.01)] * 3)
    outcome = driven({1: counting("a")}, backend, sleep=slept.append)
    assert outcome.failures == {}
    assert slept


def test_a_backend_that_stays_away_leaves_the_strategies_to_another_day(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workers.line.FIRST_WAIT", 0.0)
    backend = FailingBackend(errors=[BackendError("connection refused", retry=True)] * 99)
    outcome = driven({1: counting("a"), 2: counting("b")}, backend)
    assert (outcome.findings, outcome.failures) == ({}, {})
    assert outcome.report.left == (1, 2)
    assert outcome.report.trouble == "connection refused"


@dataclass
class PickyBackend(HashBackend):
    def answer(self, requests: Sequence[tuple[Request, Sequence[int]]]) -> list[list[Completion]]:
        if any("poison" in request.messages[0].content for request, _ in requests):
            raise BackendError("the prompt is not allowed", retry=False)
        return super().answer(requests)


def test_one_refused_request_fails_its_own_strategy_only() -> None:
    outcome = driven(
        {1: counting("a"), 2: counting("poison"), 3: counting("poison"), 4: counting("b")}, PickyBackend()
    )
    assert outcome.failures == {2: "the prompt is not allowed", 3: "the prompt is not allowed"}
    assert set(outcome.findings) == {1, 4}


def test_a_strategy_that_breaks_fails_alone() -> None:
    def rejecting() -> Strategy:
        yield [a_request("a")]
        raise Rejected("no reference answer", field="problem")

    def broken() -> Strategy:
        yield [a_request("a")]
        raise ZeroDivisionError("oops")

    outcome = driven({1: rejecting(), 2: broken(), 3: counting("a")}, HashBackend())
    assert outcome.failures[1] == "field problem: no reference answer"
    assert outcome.failures[2] == "The strategy broke: ZeroDivisionError: oops"
    assert set(outcome.findings) == {3}


@dataclass
class ShortBackend(HashBackend):
    def answer(self, requests: Sequence[tuple[Request, Sequence[int]]]) -> list[list[Completion]]:
        return [completions[:1] for completions in super().answer(requests)]


def test_a_backend_that_answers_short_is_refused_and_nothing_is_stored() -> None:
    store = MemoryStore()
    outcome = driven({1: counting("a")}, ShortBackend(), store)
    assert "answered samples [(0,)] where [(0, 1)] were asked" in outcome.failures[1]
    assert store.held == {}


def test_a_strategy_that_asks_nothing_needs_no_backend() -> None:
    def silent() -> Strategy:
        yield []
        return Finding(summary={"equations": 3})

    assert driven({5: silent()}, None).findings == {5: Finding(summary={"equations": 3})}
    assert "names no backend" in driven({5: counting("a")}, None).failures[5]


def asking_two(text: str, rounds: int = 2) -> Strategy:
    """Each round asks the main backend twice and the helper once."""
    said: list[str] = []
    for turn in range(rounds):
        helper = replace(a_request(f"{text}/{turn}"), player="helper")
        for completions in (yield [a_request(f"{text}/{turn}", 2), helper]):
            said += [f"{one.model}:{one.text}" for one in completions]
    return Finding(summary={"said": said})


def test_each_request_goes_to_the_backend_it_names() -> None:
    own, helper, store = HashBackend("own"), HashBackend("helper"), MemoryStore()
    outcome = driven({1: asking_two("a")}, own, store, players={"helper": helper})
    said = outcome.findings[1].summary["said"]
    assert [one.partition(":")[0] for one in said] == ["own", "own", "helper"] * 2
    assert (len(own.asked), len(helper.asked)) == (4, 2)
    replayed = driven({1: asking_two("a")}, HashBackend(), store, players={"helper": HashBackend()})
    assert replayed.findings == outcome.findings
    assert replayed.report.asked == 0


def test_each_backend_gets_full_batches_while_there_is_work() -> None:
    own, helper = HashBackend("own"), HashBackend("helper")
    waiting = {key: asking_two(f"trace {key}", rounds=1) for key in range(64)}
    outcome = driven(
        {},
        own,
        max_batch=8,
        players={"helper": helper},
        more=lambda room: dict([waiting.popitem()]) if waiting else {},
    )
    assert len(outcome.findings) == 64
    assert (own.calls, helper.calls) == (16, 8)


@given(max_batch=st.integers(1, 20), n=st.integers(1, 9), stop_after=st.integers(0, 6))
def test_players_change_nothing_about_resuming(max_batch: int, n: int, stop_after: int) -> None:
    def strategies() -> dict[int, Strategy]:
        return {key: asking_two(f"trace {key}") for key in range(n)}

    plain = driven(strategies(), HashBackend(), players={"helper": HashBackend()})
    own, helper, store = HashBackend(), HashBackend(), MemoryStore()
    driven(
        strategies(),
        own,
        store,
        players={"helper": helper},
        max_batch=max_batch,
        should_stop=lambda: own.calls + helper.calls >= stop_after,
    )
    resumed = driven(strategies(), own, store, players={"helper": helper}, max_batch=max_batch)
    assert resumed.findings == plain.findings
    assert {*own.asked.values(), *helper.asked.values()} == {1}


def test_a_player_the_run_does_not_have_fails_its_strategy_with_one_sentence() -> None:
    outcome = driven({1: asking_two("a"), 2: counting("b")}, HashBackend())
    assert outcome.failures == {1: "The strategy asks 'helper', but the run names no backend for it."}
    assert set(outcome.findings) == {2}


def test_a_question_of_choices_alone_is_asked_once() -> None:
    def choosing() -> Strategy:
        ask = replace(a_request("a", 0), choices=("yes", "no"))
        first, second = yield [ask, ask]
        assert len(first) == 1
        assert first == second
        return Finding()

    backend = HashBackend()
    assert driven({1: choosing()}, backend).failures == {}
    assert list(backend.asked.values()) == [1]


@dataclass
class SlowServer(HashBackend):
    """Takes a moment for every question, another one for each, and remembers how many it had at once."""

    under_way: int = 0
    peak: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, requests: Sequence[tuple[Request, Sequence[int]]]) -> list[list[Completion]]:
        with self.lock:
            self.under_way += 1
            self.peak = max(self.peak, self.under_way)
        time.sleep(0.001 + int(requests[0][0].digest[:2], 16) / 256 / 50)
        with self.lock:
            self.under_way -= 1
            return super().answer(requests)


def test_a_server_has_many_questions_at_once_and_none_waits_for_the_slowest() -> None:
    strategies = range(40)
    plain = driven({key: early_stopping(f"trace {key}") for key in strategies}, HashBackend())
    server = SlowServer(appetite=Appetite(calls=8, requests=1))
    began = time.monotonic()
    outcome = driven({key: early_stopping(f"trace {key}") for key in strategies}, server)
    took = time.monotonic() - began
    assert outcome.findings == plain.findings
    assert set(server.asked.values()) == {1}
    assert (server.peak, server.largest) == (8, 2)
    # One after the other they would take some 12 ms each.
    assert took < server.calls * 0.011 / 3


def test_what_is_under_way_when_it_stops_is_stored_and_never_paid_again() -> None:
    store, server = MemoryStore(), SlowServer(appetite=Appetite(calls=8, requests=1))
    stopped = driven(
        {key: counting(f"trace {key}") for key in range(20)},
        server,
        store,
        should_stop=lambda: server.calls >= 5,
    )
    assert stopped.report.left
    assert set(store.held) == set(server.asked)
    resumed = driven({key: counting(f"trace {key}") for key in range(20)}, server, store)
    assert len(resumed.findings) == 20
    assert set(server.asked.values()) == {1}


def test_a_model_works_on_the_next_batch_while_the_last_is_stored() -> None:
    class Watching(MemoryStore):
        def keep(self, answers: Sequence[Answer]) -> Mapping[Place, Completion]:
            time.sleep(0.05)
            begun.append(server.calls + server.under_way)
            return super().keep(answers)

    begun: list[int] = []
    server = SlowServer()
    driven({key: counting(f"trace {key}", (2,)) for key in range(20)}, server, Watching(), max_batch=8)
    assert server.peak == 1
    assert server.calls == 5
    # While the first batch is stored the second has begun, and so on to the last.
    assert begun == [2, 3, 4, 5, 5]


@given(limit=st.integers(0, 60), calls=st.integers(1, 5), requests=st.integers(0, 2))
def test_never_more_is_asked_for_than_may_be(limit: int, calls: int, requests: int) -> None:
    store, backend = MemoryStore(), HashBackend(appetite=Appetite(calls, 8, requests))

    def may_ask(under_way: int) -> int:
        return limit - len(store.held) - under_way

    def is_spent() -> bool:
        return len(store.held) >= limit

    keys = range(10)
    driven(
        {key: counting(f"trace {key}") for key in keys},
        backend,
        store,
        may_ask=may_ask,
        should_stop=is_spent,
    )
    assert len(backend.asked) == min(limit, 60)


def test_an_outage_of_a_server_is_waited_out_and_every_question_asked_once_more() -> None:
    errors = [BackendError("connection refused", retry=True)] * 20
    server = FailingBackend(errors=errors, appetite=Appetite(calls=10, requests=1))
    outcome = driven({key: counting(f"trace {key}", (1,)) for key in range(10)}, server)
    assert (len(outcome.findings), outcome.report.trouble) == (10, "")
    assert set(server.asked.values()) == {1}


@dataclass
class PoisonedServer(SlowServer):
    """Never answers one question; the others it does."""

    def answer(self, requests: Sequence[tuple[Request, Sequence[int]]]) -> list[list[Completion]]:
        if requests[0][0].messages[0].content == "poison":
            self.asked[requests[0][0].digest, 0] += 1
            time.sleep(0.05)
            raise BackendError("the server did not answer in time.", retry=True, is_timeout=True)
        return super().answer(requests)


def test_a_question_that_fails_while_others_are_answered_is_given_up_as_unknown_and_pauses_nobody() -> None:
    slept: list[float] = []
    server = PoisonedServer(appetite=Appetite(calls=4, requests=1))
    strategies = {key: counting(f"trace {key}", (2, 2, 2)) for key in range(30)}
    outcome = driven({99: counting("poison", (1,)), **strategies}, server, sleep=slept.append)
    assert len(outcome.findings) == 31
    assert seen(outcome.findings[99]) == ["0:timeout:"]
    assert server.asked[a_request("poison").digest, 0] == SAMPLE_TRIES
    assert slept == []


@dataclass
class Doubt:
    """All is sure until the backend was called ``at`` times; then ``gone`` is lost, and ``meanwhile`` has happened."""

    backend: HashBackend
    at: int
    gone: set[int]
    meanwhile: Callable[[], None] = lambda: None
    settled: int = -1

    @property
    def is_sure(self) -> bool:
        return self.settled >= 0 or self.backend.calls < self.at

    def lost(self) -> set[int]:
        self.meanwhile()
        self.settled = self.backend.calls
        return self.gone


@dataclass
class Diary(HashBackend):
    """Remembers when each sample was asked for, in calls."""

    when: dict[Place, int] = field(default_factory=dict)

    def one(self, request: Request, sample: int) -> Completion:
        self.when[request.digest, sample] = self.calls
        return super().one(request, sample)


@given(
    at=st.integers(1, 12),
    gone=st.sets(st.integers(0, 5), max_size=4),
    calls=st.integers(1, 3),
    known=st.sets(st.integers(0, 5), max_size=4),
)
def test_nothing_is_asked_for_what_was_lost_nor_what_another_has_stored(
    at: int, gone: set[int], calls: int, known: set[int]
) -> None:
    keys = range(6)
    plain = driven({key: counting(f"trace {key}") for key in keys}, HashBackend())
    backend, store = Diary(appetite=Appetite(calls, 4, 1)), MemoryStore()

    def meanwhile() -> None:
        for key in known:
            driven({key: counting(f"trace {key}")}, HashBackend(), store)
        stored.update(store.held)

    stored: dict[Place, Completion] = {}
    doubt = Doubt(backend, at, gone, meanwhile)
    outcome = driven({key: counting(f"trace {key}") for key in keys}, backend, store, claims=doubt)
    assert set(backend.asked.values()) <= {1}
    for key, finding in outcome.findings.items():
        assert finding == plain.findings[key]
    if doubt.settled < 0:
        assert set(outcome.findings) == set(keys)
        return
    assert set(keys) - gone <= set(outcome.findings)
    of_the_lost = {a_request(f"trace {key}").digest for key in gone}
    late = [place for place, when in backend.when.items() if when > doubt.settled]
    assert not any(place in stored or place[0] in of_the_lost for place in late)


def test_a_question_that_others_wait_for_too_is_asked_though_one_of_them_is_lost() -> None:
    backend = HashBackend(appetite=Appetite(1, 1, 1))
    doubt = Doubt(backend, 1, {1})
    outcome = driven({1: counting("same"), 2: counting("same")}, backend, claims=doubt)
    assert set(outcome.findings) == {2}
    assert outcome.report.left == ()
    assert set(backend.asked.values()) == {1}


@dataclass
class HeldBack(HashBackend):
    """Finds twice, when a question is about to leave, that it may not."""

    n_held_back: int = 2

    def answer(self, requests: Sequence[tuple[Request, Sequence[int]]]) -> list[list[Completion]]:
        if self.n_held_back:
            self.n_held_back -= 1
            raise Withdrawn
        return super().answer(requests)


def test_a_question_held_back_is_no_failure_of_its_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.line.TRIES", 1)
    backend = HeldBack()
    outcome = driven({1: counting("a")}, backend)
    assert (outcome.report.trouble, outcome.failures) == ("", {})
    assert outcome.findings == driven({1: counting("a")}, HashBackend()).findings
    assert set(backend.asked.values()) == {1}


def test_backends_hear_whether_their_question_may_still_leave() -> None:
    class Asking(HashBackend):
        def answer(self, requests: Sequence[tuple[Request, Sequence[int]]]) -> list[list[Completion]]:
            if not heard:
                # It was sure when the call began.
                self.calls = 1
            try:
                make_sure()
            except Withdrawn:
                heard.append(self.calls)
                raise
            return super().answer(requests)

    heard: list[int] = []
    backend = Asking()
    outcome = driven({1: counting("a")}, backend, claims=Doubt(backend, 1, set()))
    assert heard == [1]
    assert set(outcome.findings) == {1}


@dataclass
class SilentServer(HashBackend):
    """Never answers whoever asks of ``silent``; hears it where a call is taken back, unless it is deaf."""

    silent: str = "trace 1"
    is_deaf: bool = False
    over: threading.Event = field(default_factory=threading.Event)
    n_left_off: int = 0

    def answer(self, requests: Sequence[tuple[Request, Sequence[int]]]) -> list[list[Completion]]:
        if requests[0][0].messages[0].content.startswith(self.silent):
            left_off = threading.Event()
            with undone_by(left_off.set):
                while not self.over.wait(0.01):
                    if left_off.is_set() and not self.is_deaf:
                        self.n_left_off += 1
                        raise Withdrawn
        return super().answer(requests)


@pytest.mark.parametrize("is_deaf", [False, True])
def test_what_is_not_answered_in_time_once_it_stops_is_called_off(is_deaf: bool) -> None:
    store = MemoryStore()
    server = SilentServer(is_deaf=is_deaf, appetite=Appetite(calls=4, requests=1))
    began = time.monotonic()

    def grace() -> float:
        # It hears a little later that there is a hurry.
        return 0.3 if time.monotonic() - began > 0.6 else 3600.0

    try:
        stopped = driven(
            {key: counting(f"trace {key}", (2,)) for key in range(3)},
            server,
            store,
            should_stop=lambda: len(store.held) == 4,
            grace=grace,
        )
        assert time.monotonic() - began < 3.5
        assert (stopped.report.left, stopped.report.trouble, stopped.failures) == ((1,), "", {})
        # The others were answered meanwhile; of the silent one there is nothing, above all no failure.
        assert len(store.held) == 4
        assert server.n_left_off == (0 if is_deaf else 1)
    finally:
        server.over.set()


def test_after_a_bug_no_call_goes_on() -> None:
    class Broken(MemoryStore):
        def keep(self, answers: Sequence[Answer]) -> Mapping[Place, Completion]:
            raise RuntimeError("a bug")

    server = SilentServer(appetite=Appetite(calls=4, requests=1))
    with pytest.raises(RuntimeError, match="a bug"):
        driven({key: counting(f"trace {key}", (2,)) for key in range(3)}, server, Broken())
    deadline = time.monotonic() + 5
    while not server.n_left_off and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.n_left_off == 1
