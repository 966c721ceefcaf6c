"""What every backend promises, whatever answers behind it."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="local models are not installed")

from annotate.prelabel.contracts import Backend, Completion, Message, Request, Sampling
from tests.services import VLLM, VLLM_SERVER
from tests.workers.backends.local_server import MODEL, Nursery
from tests.workers.backends.server import Behaviour, serving
from tests.workers.backends.tiny import write_model
from workers.backends.openai_http import OpenAIBackend
from workers.backends.registry import open_backend
from workers.backends.scripted import ScriptedBackend
from workers.backends.transformers_engine import TransformersBackend

SCRIPT = {
    "success": 0.5,
    "reply": "é and so\n\nthe answer is {answer}",
    "default_answer": "5",
    "choices": {"y": 0.25, "n": 0.5},
    "says": [{"contains": "say nothing", "text": ""}],
}


@pytest.fixture(
    scope="module",
    params=[
        "transformers",
        "openai",
        "served",
        "scripted",
        pytest.param("vllm", marks=pytest.mark.needs_vllm),
        pytest.param("vllm-server", marks=pytest.mark.needs_vllm_server),
    ],
)
def backend(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    opened: Backend
    if request.param == "openai":
        with serving(Behaviour()) as server:
            opened = OpenAIBackend(server.url, model="m", is_tested=False)
            yield opened
            opened.close()
        return
    folder = Path(tmp_path_factory.mktemp("conformance")) / "tiny"
    if request.param == "served":
        with Nursery(write_model(folder)) as nursery:
            opened = OpenAIBackend(nursery.start().url, model=MODEL)
            yield opened
            opened.close()
        return
    if request.param == "scripted":
        opened = ScriptedBackend(SCRIPT)
    elif request.param == "vllm":
        # A random model of two heads is too small for vLLM's kernels; fixtures/models/policy will do.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # vLLM and torch announce what they will drop
            opened = open_backend(VLLM.address)
    elif request.param == "vllm-server":
        opened = open_backend(VLLM_SERVER.address)
    else:
        opened = TransformersBackend(str(write_model(folder)), batch=5)
    yield opened
    opened.close()


def asked(prefix: str = "so far", n: int = 1, score: str = "", **sampling: Any) -> Request:
    turns = (Message("user", "Add."), Message("assistant", prefix))
    return Request(turns, n, Sampling(**{"max_tokens": 16, **sampling}), score)


def drawn(backend: Backend, request: Request) -> list[Completion]:
    return backend.answer([(request, range(request.n))])[0]


def has_model(backend: Backend) -> bool:
    return not backend.name.startswith(("scripted:", "openai:m"))


def test_one_completion_per_sample_in_the_order_asked(backend: Backend) -> None:
    wanted: list[tuple[Request, list[int]]] = [(asked(f"p{i}", n=7), [3, 0, i + 4]) for i in range(4)]
    answers = backend.answer(wanted)
    assert [[c.sample for c in row] for row in answers] == [samples for _, samples in wanted]
    assert all(c.model == backend.name for row in answers for c in row)


def test_sample_depends_on_its_number_and_question_alone(backend: Backend) -> None:
    all_at_once = drawn(backend, asked(n=6))
    others = [(asked(f"other {i}" * i, n=2), [0, 1]) for i in range(4)]
    singly = [backend.answer([*others[:i], (asked(n=1), [i])])[-1][0] for i in range(6)]
    assert [c.text for c in singly] == [c.text for c in all_at_once]
    assert [c.seed for c in singly] == [c.seed for c in all_at_once]


def test_another_seed_gives_other_samples(backend: Backend) -> None:
    first, second = ({c.text for c in drawn(backend, asked(n=12, seed=s))} for s in (1, 2))
    assert len(first | second) > 1
    assert {c.text for c in drawn(backend, asked(n=12, seed=1))} == first


def test_greedy_samples_are_the_same(backend: Backend) -> None:
    if backend.name.startswith("scripted:"):
        pytest.skip("a script's chances know no temperature")
    assert len({c.text for c in drawn(backend, asked(n=3, temperature=0.0))}) == 1


def test_nothing_asked_is_nothing_answered(backend: Backend) -> None:
    assert backend.answer([]) == []


def test_no_half_characters_and_no_prompt_in_the_text(backend: Backend) -> None:
    """Tokens of the small models are bytes, so every character beyond ASCII is split over several."""
    for tokens in (1, 2, 3, 16):
        for completion in drawn(backend, asked("zq-417 is not said again 🙂é", n=12, max_tokens=tokens)):
            assert "zq-417" not in completion.text
            if completion.finish_reason == "length":
                assert not completion.text.endswith("\N{REPLACEMENT CHARACTER}")


def test_truncation_is_said(backend: Backend) -> None:
    if backend.name == "openai:m":
        pytest.skip("the hash has one length")
    cut = [c for c in drawn(backend, asked(n=8, max_tokens=2)) if c.finish_reason == "length"]
    assert cut
    assert all(completion.completion_tokens <= 2 for completion in cut)


def test_stop_string_ends_the_text_and_is_not_in_it(backend: Backend) -> None:
    if backend.name == "openai:m":
        pytest.skip("the hash stops nowhere")
    free = drawn(backend, asked(temperature=0.0, max_tokens=40))[0].text
    stop = next(sign for sign in free[1:] if sign.isascii())
    stopped = drawn(backend, asked(temperature=0.0, max_tokens=40, stop=(stop, "never said")))[0]
    assert (stopped.text, stopped.finish_reason) == (free.partition(stop)[0], "stop")


@pytest.mark.parametrize("text", ["Step 1: 2 + 3 = 5.", "é ≤ 🙂"])
def test_scoring_is_one_completion_whose_spans_cover_the_text(backend: Backend, text: str) -> None:
    ((scored,),) = backend.answer([(asked(n=0, score=text), [0])])
    assert (scored.text, scored.sample) == ("", 0)
    # Tokens of one character's bytes share its place; nothing is left out.
    places = [(token.start, token.end) for token in scored.scores]
    assert places == sorted(places)
    assert (places[0][0], places[-1][1]) == (0, len(text))
    assert all(start <= end for (_, end), (start, _) in pairwise(places))
    assert all(token.logprob <= token.best_logprob for token in scored.scores)


def test_choices_are_probabilities_on_every_sample_or_texts(backend: Backend) -> None:
    turns = (Message("user", "Is it right?"), Message("assistant", "It is: "))
    request = Request(turns, 2, Sampling(max_tokens=4), choices=("y", "n"))
    for completion in drawn(backend, request):
        if completion.choices:
            assert set(completion.choices) == {"y", "n"}
            assert 0 < sum(math.exp(value) for value in completion.choices.values()) <= 1 + 1e-6
            assert completion.choice_source in ("typed", "tokens")
            assert completion.text == ""
        else:
            assert completion.choice_source == ""
            assert not has_model(backend)


def test_bill_is_on_one_sample_and_adds_up(backend: Backend) -> None:
    if backend.name.startswith("scripted:"):
        pytest.skip("a script reads no tokens")
    alone = drawn(backend, asked(n=1))[0]
    row = drawn(backend, asked(n=5))
    assert alone.prompt_tokens > 0
    assert [c.prompt_tokens for c in row] == [alone.prompt_tokens, 0, 0, 0, 0]
    assert all(c.completion_tokens > 0 for c in row)


def test_prompt_too_long_is_its_own_requests_error(backend: Backend) -> None:
    if not has_model(backend):
        pytest.skip("there is no context to overflow")
    size = 300 if backend.name == f"openai:{MODEL}" or backend.name.startswith("transformers:") else 200_000
    long, short = backend.answer([(asked("y " * size, n=2), [4, 5]), (asked(), [0])])
    assert [(c.sample, c.finish_reason, c.text) for c in long] == [(4, "error", ""), (5, "error", "")]
    assert long[0].error
    assert short[0].finish_reason in ("stop", "length")


def test_answer_says_who_gave_it(backend: Backend) -> None:
    completion = drawn(backend, asked())[0]
    assert completion.model == backend.name
    if has_model(backend):
        assert completion.revision
        assert completion.server
        assert completion.seed is not None


def test_empty_continuation_is_an_answer() -> None:
    backend = ScriptedBackend(SCRIPT)
    (empty,) = drawn(backend, Request((Message("user", "say nothing"),)))
    assert (empty.text, empty.finish_reason, empty.error) == ("", "stop", "")
    with serving(Behaviour(says="")) as server:
        opened = OpenAIBackend(server.url, model="m", is_tested=False)
        (empty,) = drawn(opened, asked())
        opened.close()
    assert (empty.text, empty.finish_reason, empty.error) == ("", "stop", "")
