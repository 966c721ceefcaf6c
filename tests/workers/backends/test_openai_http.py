from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any

import pytest

from annotate.errors import BackendError
from annotate.prelabel.contracts import Message, Request, Sampling
from tests.faults.ledger import a_server
from tests.workers.backends.server import Behaviour, serving
from workers.backends.chat_answer import Prices
from workers.backends.openai_http import OpenAIBackend, open_backend
from workers.backends.options import Options
from workers.backends.withdrawal import Recall, Withdrawn, ask_while


@contextmanager
def against(behaviour: Behaviour, **options: Any) -> Iterator[OpenAIBackend]:
    with serving(behaviour):
        backend = OpenAIBackend(behaviour.url, model="m", is_tested=False, **options)
        try:
            yield backend
        finally:
            backend.close()


def asked(prefix: str = "so far\n", *, n: int = 1, score: str = "", **sampling: Any) -> Request:
    turns = (Message("user", "Add."), *([Message("assistant", prefix)] if prefix else []))
    return Request(turns, n, Sampling(**sampling), score)


def test_every_knob_is_sent_and_a_prefix_is_continued() -> None:
    request = asked(temperature=0.7, top_p=0.9, top_k=5, max_tokens=33, stop=("\n\n",), seed=4)
    behaviour = Behaviour()
    with against(behaviour) as backend:
        backend.answer([(request, [0]), (asked(""), [0])])
    with_prefix, without = sorted(behaviour.seen, key=lambda body: len(body["messages"]), reverse=True)
    sent = {name: with_prefix[name] for name in ("temperature", "top_p", "top_k", "max_tokens", "stop", "n")}
    assert sent == {"temperature": 0.7, "top_p": 0.9, "top_k": 5, "max_tokens": 33, "stop": ["\n\n"], "n": 1}
    assert with_prefix["messages"][-1] == {"role": "assistant", "content": "so far\n"}
    assert (with_prefix["continue_final_message"], with_prefix["add_generation_prompt"]) == (True, False)
    assert (without["continue_final_message"], without["add_generation_prompt"]) == (False, True)
    assert without["top_k"] == -1, "0 means none here and is refused by older servers"


def test_sample_keeps_its_text_however_samples_are_grouped() -> None:
    with against(Behaviour()) as backend:
        (whole,) = backend.answer([(asked(n=6), range(6))])
        waves = [backend.answer([(asked(n=len(w)), w)])[0] for w in ([0, 1], [2, 3, 4, 5])]
        (some,) = backend.answer([(asked(n=3), [0, 2, 5])])
    assert [c.text for c in whole] == [c.text for wave in waves for c in wave]
    assert [c.text for c in some] == [whole[i].text for i in (0, 2, 5)]
    assert len({c.text for c in whole}) == 6
    assert [c.sample for c in whole] == list(range(6))


def test_server_that_ignores_n_is_asked_again() -> None:
    behaviour = Behaviour(max_n=1)
    with against(behaviour) as backend:
        (alone,) = backend.answer([(asked(n=4), range(4))])
    with against(Behaviour()) as backend:
        (together,) = backend.answer([(asked(n=4), range(4))])
    assert [c.text for c in alone] == [c.text for c in together]
    assert len(behaviour.seen) == 4
    assert alone[0].completion_tokens == 5


def test_greedy_samples_are_asked_for_once() -> None:
    behaviour = Behaviour()
    with against(behaviour) as backend:
        (copies,) = backend.answer([(asked(n=3, temperature=0.0), range(3))])
    assert [body["n"] for body in behaviour.seen] == [1]
    assert len({c.text for c in copies}) == 1
    assert [c.sample for c in copies] == [0, 1, 2]


def test_storm_of_429_is_waited_out() -> None:
    behaviour = Behaviour(refusals=[429, 503, 429])
    with against(behaviour) as backend:
        (answer,) = backend.answer([(asked(), [0])])
    assert answer[0].finish_reason == "stop"
    assert len(behaviour.seen) == 4


def test_endless_429_says_when_to_come_back() -> None:
    with (
        against(Behaviour(refusals=[429] * 9, retry_after="47")) as backend,
        pytest.raises(BackendError, match="429") as caught,
    ):
        backend.answer([(asked(), [0])])
    assert (caught.value.retry, caught.value.wait) == (True, 47.0)


def test_connection_killed_in_the_middle_is_tried_again() -> None:
    behaviour = Behaviour(dropped=2)
    with against(behaviour) as backend:
        (answer,) = backend.answer([(asked(), [0])])
    assert answer[0].text
    assert len(behaviour.seen) == 3


def test_dead_server_is_an_error_worth_a_retry() -> None:
    with serving(Behaviour()) as behaviour:
        url = behaviour.url
    backend = OpenAIBackend(url, model="m", attempts=2, is_tested=False)
    with pytest.raises(BackendError, match="no connection") as caught:
        backend.answer([(asked(), [0])])
    backend.close()
    assert caught.value.retry


def test_wrong_key_stops_the_run_and_says_what_to_check() -> None:
    behaviour = Behaviour(refuses=lambda body: (401, "bad key"))
    with against(behaviour, key="k") as backend, pytest.raises(BackendError, match="key_env") as caught:
        backend.answer([(asked(), [0])])
    assert not caught.value.retry
    assert len(behaviour.seen) == 1
    assert behaviour.headers[0]["Authorization"] == "Bearer k"


def test_prompt_too_long_spoils_only_its_own_request() -> None:
    def refuse(body: dict[str, Any]) -> tuple[int, str] | None:
        is_long = len(body["messages"][-1]["content"]) > 50
        return (400, "This model's maximum context length is 50 tokens.") if is_long else None

    with against(Behaviour(refuses=refuse)) as backend:
        long, short = backend.answer([(asked("x" * 60, n=2), [4, 5]), (asked(), [0])])
    assert [(c.sample, c.finish_reason) for c in long] == [(4, "error"), (5, "error")]
    assert "too long" in long[0].error
    assert short[0].finish_reason == "stop"


def test_one_failing_request_does_not_lose_the_others() -> None:
    def refuse(body: dict[str, Any]) -> tuple[int, str] | None:
        return (500, "cursed") if "cursed" in body["messages"][-1]["content"] else None

    with against(Behaviour(refuses=refuse), attempts=2) as backend:
        cursed, fine = backend.answer([(asked("cursed"), [0]), (asked(), [0])])
    assert (cursed[0].finish_reason, fine[0].finish_reason) == ("error", "stop")
    assert "cursed" in cursed[0].error


@pytest.mark.parametrize(
    ("told", "finish"), [("length", "length"), ("content_filter", "refused"), ("abort", "error")]
)
def test_finish_reasons_keep_their_meaning(told: str, finish: str) -> None:
    with against(Behaviour(finish_reason=told)) as backend:
        assert backend.answer([(asked(), [0])])[0][0].finish_reason == finish


def test_scores_cover_the_text_after_the_prefix() -> None:
    with against(Behaviour()) as backend:
        (scored,) = backend.answer([(asked("four", n=0, score="step 1"), ())])[0]
    assert [(t.start, t.end) for t in scored.scores] == [(0, 2), (2, 4), (4, 6)]
    assert [t.best_logprob - t.logprob for t in scored.scores] == [0.0, 2.75, 0.0]
    assert (scored.text, scored.finish_reason) == ("", "stop")


def test_token_over_the_boundary_counts_with_its_part_of_the_text() -> None:
    with against(Behaviour()) as backend:
        (scored,) = backend.answer([(asked("odd", n=0, score="step 1"), ())])[0]
    assert [(t.start, t.end) for t in scored.scores] == [(0, 1), (1, 3), (3, 5), (5, 6)]
    assert scored.finish_reason == "stop"


def test_server_without_prompt_logprobs_says_so() -> None:
    with (
        against(Behaviour(has_prompt_logprobs=False)) as backend,
        pytest.raises(BackendError, match="returns no prompt log-probabilities") as caught,
    ):
        backend.answer([(asked(n=0, score="x"), ())])
    assert not caught.value.retry


def test_openai_dialect_sends_standard_fields_and_refuses_prefixes() -> None:
    behaviour = Behaviour()
    with against(behaviour, is_vllm=False) as backend:
        backend.answer([(asked(""), [0])])
        assert not {"top_k", "min_p", "continue_final_message"} & set(behaviour.seen[0])
        with pytest.raises(BackendError, match="cannot continue"):
            backend.answer([(asked("begun"), [0])])


def test_address_is_checked() -> None:
    wrong: list[tuple[str, dict[str, str]]] = [("localhost:1", {"model": "m"}), ("http://x/v1", {})]
    for target, options in (*wrong, ("http://x/v1", {"model": "m", "z": "1"})):
        with pytest.raises(BackendError):
            open_backend(target, Options(options))
    with pytest.raises(BackendError, match="NO_SUCH_KEY"):
        open_backend("http://x/v1", Options({"model": "m", "key_env": "NO_SUCH_KEY"}))


def test_every_try_of_a_question_carries_the_same_name() -> None:
    behaviour = Behaviour(dropped=1, max_n=2)
    request = asked(n=3)
    with against(behaviour) as backend:
        (row,) = backend.answer([(request, range(3))])
    names = [headers.get("X-Request-Id", headers.get("x-request-id")) for headers in behaviour.headers]
    assert names == [f"{request.digest}:0", f"{request.digest}:0", f"{request.digest}:2"]
    assert [c.sample for c in row] == [0, 1, 2]
    assert sum(c.completion_tokens for c in row) == 15


def test_what_was_paid_before_a_failure_is_kept() -> None:
    answered = []

    def refuse(body: dict[str, Any]) -> tuple[int, str] | None:
        answered.append(body["n"])
        return (500, "cursed") if len(answered) > 1 else None

    with against(Behaviour(refuses=refuse, max_n=2), attempts=2) as backend:
        (row,) = backend.answer([(asked(n=4), range(4))])
    assert [c.finish_reason for c in row] == ["stop", "stop", "error", "error"]
    assert [c.completion_tokens for c in row] == [5, 5, 0, 0]
    assert "cursed" in row[3].error


def test_price_makes_a_cost() -> None:
    with against(Behaviour(), prices=Prices(1.0, 10.0)) as backend:
        (row,) = backend.answer([(asked(n=2), range(2))])
    assert sum(c.cost or 0.0 for c in row) == pytest.approx((7 * 1 + 10 * 10) / 1e6)


def test_options_of_the_address_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", "k")
    options = {"model": "m", "key_env": "SOME_KEY", "choices": "text", "usd_in": "0", "usd_out": "2.5"}
    open_backend("http://a/v1,http://b/v1", Options({**options, "selftest": "no"})).close()
    for name, wrong in [("usd_in", "-1"), ("usd_out", "much"), ("choices", "dice"), ("selftest", "maybe")]:
        with pytest.raises(BackendError, match=name):
            open_backend("http://a/v1", Options({**options, name: wrong}))


def test_nothing_leaves_once_another_may_be_at_it() -> None:
    behaviour = Behaviour(refusals=[503])
    answers = iter([True, True, False])
    with against(behaviour) as backend:

        def ask() -> Any:
            ask_while(lambda: next(answers))
            return backend.answer([(asked(), [0])])

        with pytest.raises(Withdrawn):
            copy_context().run(ask)
        # Before it took a connection, and again before the words left; not for the second try.
        assert len(behaviour.seen) == 1
        answers = iter([True, False])
        with pytest.raises(Withdrawn):
            copy_context().run(ask)
        assert len(behaviour.seen) == 1
        (answer,) = backend.answer([(asked(), [0])])
    assert (answer[0].finish_reason, len(behaviour.seen)) == ("stop", 2)


def test_a_call_that_is_taken_back_hangs_up_and_spoils_nothing() -> None:
    with a_server(answer_seconds=0.0) as ledger:
        ledger.answers.clear()
        backend = OpenAIBackend(ledger.url, model="m", is_tested=False, parallel=1)
        recall, ended = Recall(), []

        def ask(recall: Recall) -> Any:
            ask_while(lambda: True, recall)
            try:
                return backend.answer([(asked(seed=0), [0])])
            except Withdrawn as error:
                ended.append(error)

        threads = [threading.Thread(target=copy_context().run, args=(ask, recall)) for _ in range(2)]
        for thread in threads:
            thread.start()
        while not ledger.asked:
            time.sleep(0.01)
        recall.make()
        for thread in threads:
            thread.join(timeout=5)
        # One was at the server, the other waited for its place there.
        assert len(ended) == 2
        # Too late is as good as taken back.
        copy_context().run(ask, recall)
        assert len(ended) == 3
        deadline = time.monotonic() + 5
        while not ledger.n_gone and time.monotonic() < deadline:
            time.sleep(0.01)
        assert (ledger.n_gone, len(ledger.asked)) == (1, 1)
        ledger.answers.set()
        ((answer,),) = copy_context().run(ask, Recall())
        assert answer.finish_reason == "stop"
        backend.close()
