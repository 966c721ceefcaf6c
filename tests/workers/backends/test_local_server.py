"""The HTTP backend against a real server process: what it finds out, and what it does about it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="local models are not installed")

from annotate.errors import BackendError
from annotate.prelabel.contracts import Message, Request, Sampling
from tests.workers.backends.local_server import MODEL, Nursery
from tests.workers.backends.tiny import write_model
from workers.backends.openai_http import OpenAIBackend
from workers.backends.transformers_engine import TransformersBackend

QUESTION = Message("user", "Is it right?")


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    with Nursery(write_model(tmp_path_factory.mktemp("served") / "tiny")) as opened:
        yield opened


@pytest.fixture(scope="module")
def folder(nursery: Nursery) -> Path:
    return nursery.folder


@pytest.fixture(scope="module")
def url(nursery: Nursery) -> str:
    return nursery.start().url


@pytest.fixture
def backend(url: str) -> Iterator[OpenAIBackend]:
    opened = OpenAIBackend(url, model=MODEL)
    yield opened
    opened.close()


def asked(prefix: str = "", *, n: int = 1, score: str = "", **sampling: Any) -> Request:
    turns = (QUESTION, *([Message("assistant", prefix)] if prefix else []))
    return Request(turns, n, Sampling(**{"max_tokens": 8, **sampling}), score)


def chosen(*choices: str, prefix: str = "", n: int = 1) -> Request:
    turns = (QUESTION, *([Message("assistant", prefix)] if prefix else []))
    return Request(turns, n, Sampling(max_tokens=8), choices=choices)


def test_answers_say_which_server_and_weights_gave_them(
    backend: OpenAIBackend, url: str, folder: Path
) -> None:
    (row,) = backend.answer([(asked(n=3), range(3))])
    assert {completion.server for completion in row} == {f"vllm 0.0.local, {url}"}
    assert {completion.revision for completion in row} == {str(folder)}
    assert len({completion.seed for completion in row}) == 3
    assert [completion.prompt_tokens > 0 for completion in row] == [True, False, False]
    assert all(completion.completion_tokens <= 8 for completion in row)


def test_choices_by_tokens_are_the_models_own(url: str, folder: Path) -> None:
    served = OpenAIBackend(url, model=MODEL, choices="tokens")
    local = TransformersBackend(str(folder))
    for prefix in ("", "The answer: "):
        request = chosen("y", "n", "?", prefix=prefix)
        (theirs,), (ours,) = (b.answer([(request, [4])])[0] for b in (served, local))
        assert theirs.choices == pytest.approx(ours.choices)
        assert (theirs.choice_source, theirs.sample, theirs.text) == ("tokens", 4, "")
    served.close()
    local.close()


def test_typed_question_comes_first_and_keeps_the_mass_of_the_labels(backend: OpenAIBackend) -> None:
    (first, second) = backend.answer([(chosen("good", "bad", n=2), [0, 1])])[0]
    assert (first.choice_source, set(first.choices)) == ("typed", {"good", "bad"})
    assert 0 < sum(math.exp(value) for value in first.choices.values()) < 0.9
    assert first.choices == second.choices
    assert (first.prompt_tokens > 0, second.prompt_tokens) == (True, 0)


def test_begun_answer_has_no_typed_question_and_long_labels_are_spelled_out(
    backend: OpenAIBackend, folder: Path
) -> None:
    long = chosen("yes", "no, é", prefix="It is ", n=3)
    single, several = backend.answer([(chosen("y", "n", prefix="It is "), [0]), (long, range(3))])
    local = TransformersBackend(str(folder))
    (exact,) = local.answer([(long, [0])])[0]
    local.close()
    assert single[0].choice_source == "tokens"
    assert [c.choice_source for c in several] == ["tokens"] * 3
    assert several[2].choices == pytest.approx(exact.choices)
    # Both choices were read with their prompt: the bill is on the first sample.
    assert several[0].prompt_tokens > 2 * single[0].prompt_tokens
    assert [c.prompt_tokens for c in several[1:]] == [0, 0]


def test_long_labels_are_drawn_where_a_server_scores_no_prompts(nursery: Nursery) -> None:
    with nursery.serving(ignore=["scores"], without=["systemone"]) as server:
        opened = OpenAIBackend(server.url, model=MODEL)
        rows = opened.answer([(chosen("yes", "no", prefix=f"{i} is ", n=3), range(3)) for i in range(2)])
        opened.close()
    assert {completion.choice_source for row in rows for completion in row} == {""}
    assert {completion.text for row in rows for completion in row} <= {"yes", "no"}


def test_wanted_way_that_cannot_be_had_is_an_error(nursery: Nursery) -> None:
    with nursery.serving(ignore=["scores"]) as server:
        opened = OpenAIBackend(server.url, model=MODEL, choices="tokens")
        with pytest.raises(BackendError, match="no probabilities") as caught:
            opened.answer([(chosen("yes", "no"), [0])])
        opened.close()
    assert not caught.value.retry


def test_server_without_named_tokens_is_read_from_its_most_probable(nursery: Nursery, folder: Path) -> None:
    with nursery.serving(ignore=["named", "scores"], without=["systemone"]) as server:
        served = OpenAIBackend(server.url, model=MODEL)
        local = TransformersBackend(str(folder))
        every = [chr(code) for code in range(33, 127)]
        (table,) = local.answer([(chosen(*every), [0])])[0]
        likely = sorted(every, key=lambda sign: table.choices[sign], reverse=True)
        (found,) = served.answer([(chosen(likely[1], likely[0]), [0])])[0]
        (drawn,) = served.answer([(chosen(likely[0], likely[-1]), [0])])[0]
        served.close()
        local.close()
    assert found.choices == pytest.approx({sign: table.choices[sign] for sign in likely[:2]})
    assert (drawn.choice_source, drawn.text in (likely[0], likely[-1])) == ("", True)


def test_self_test_finds_what_a_server_ignores(nursery: Nursery, caplog: pytest.LogCaptureFixture) -> None:
    ignored = ["n", "logprobs", "structured", "continue"]
    with nursery.serving(ignore=ignored, without=["systemone", "tokenize"]) as server:
        opened = OpenAIBackend(server.url, model=MODEL)
        (row,) = opened.answer([(asked(n=3), range(3))])
        (texts,) = opened.answer([(chosen("y", "n", n=2), range(2))])
        with pytest.raises(BackendError, match="cannot continue a begun answer"):
            opened.answer([(asked("begun"), [0])])
        opened.close()
    assert "ignores n, logprobs, begun answers, lists of allowed texts" in row[0].server
    assert "does not heed: n, logprobs" in caplog.text
    assert [completion.sample for completion in row] == [0, 1, 2]
    assert len({completion.text for completion in row}) == 3
    assert [(c.choices, c.choice_source) for c in texts] == [({}, "")] * 2


def test_storm_of_429_is_waited_out_and_nothing_is_paid_twice(nursery: Nursery, folder: Path) -> None:
    with nursery.serving(busy=9) as server:
        opened = OpenAIBackend(server.url, model=MODEL, is_tested=False, attempts=12)
        rows = opened.answer([(asked(f"step {i}", n=2), range(2)) for i in range(6)])
        opened.close()
    local = TransformersBackend(str(folder))
    prompts = [local._chat.ids(local._chat.text(asked(f"step {i}").messages)) for i in range(6)]
    local.close()
    assert [sum(c.prompt_tokens for c in row) for row in rows] == [len(prompt) for prompt in prompts]
    assert all(completion.finish_reason in ("stop", "length") for row in rows for completion in row)


def test_server_killed_in_the_middle_and_started_again_answers_the_same(nursery: Nursery) -> None:
    first = nursery.start(slow=0.5)
    opened = OpenAIBackend(first.url, model=MODEL, is_tested=False, attempts=40)
    requests = [(asked(f"step {i}", n=2), range(2)) for i in range(5)]

    def replace_server() -> None:
        time.sleep(0.3)
        first.kill()
        time.sleep(0.3)
        nursery.start(port=first.port)

    thread = threading.Thread(target=replace_server)
    thread.start()
    try:
        shaken = opened.answer(requests)
    finally:
        thread.join()
    calm = opened.answer(requests)
    opened.close()
    assert [[c.text for c in row] for row in shaken] == [[c.text for c in row] for row in calm]
    assert [[c.prompt_tokens for c in row] for row in shaken] == [
        [c.prompt_tokens for c in row] for row in calm
    ]


def test_conversations_move_while_their_server_is_down(nursery: Nursery, url: str) -> None:
    other = nursery.start()
    opened = OpenAIBackend(f"{url},{other.url}", model=MODEL, is_tested=False)
    requests = [
        (
            Request((Message("user", f"problem {i}"), Message("assistant", step)), 1, Sampling(max_tokens=3)),
            [0],
        )
        # Servers are chosen by a hash that their ports go into: with few traces one may get them all.
        for i in range(20)
        for step in ("one", "two")
    ]
    before = [row[0].server for row in opened.answer(requests)]
    other.kill()
    during = [row[0] for row in opened.answer(requests)]
    again = nursery.start(port=other.port)
    deadline = time.monotonic() + 20
    after: list[str] = []
    while after != before and time.monotonic() < deadline:
        after = [row[0].server for row in opened.answer(requests)]
    opened.close()
    again.kill()
    assert before[::2] == before[1::2], "one trace stays with one server"
    assert set(before) == {url, other.url}
    assert {completion.server for completion in during} == {url}
    assert after == before


def test_prompt_too_long_for_a_real_server_is_said(backend: OpenAIBackend) -> None:
    long, short = backend.answer([(asked("y" * 300, n=2), [0, 1]), (asked("y"), [0])])
    assert {completion.finish_reason for completion in long} == {"error"}
    assert "too long" in long[0].error
    assert short[0].finish_reason in ("stop", "length")


def test_answer_that_takes_too_long_is_a_timeout(nursery: Nursery) -> None:
    with nursery.serving(slow=30) as server:
        opened = OpenAIBackend(server.url, model=MODEL, is_tested=False, timeout=0.4)
        started = time.monotonic()
        with pytest.raises(BackendError, match="in time") as caught:
            opened.answer([(asked(), [0])])
        opened.close()
    assert caught.value.retry
    assert time.monotonic() - started < 30
