"""What every backend promises, whatever answers behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="local models are not installed")

from annotate.prelabel.contracts import Backend, Message, Request, Sampling
from tests.workers.backends.server import Behaviour, serving
from tests.workers.backends.tiny import write_model
from workers.backends.openai_http import OpenAIBackend
from workers.backends.scripted import ScriptedBackend
from workers.backends.transformers_engine import TransformersBackend


@pytest.fixture(scope="module", params=["transformers", "openai", "scripted"])
def backend(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    if request.param == "openai":
        with serving(Behaviour()) as server:
            opened: Backend = OpenAIBackend(server.url, model="m", is_tested=False)
            yield opened
            opened.close()
        return
    if request.param == "scripted":
        script = {"success": 0.5, "reply": "é and so\n\nthe answer is {answer}", "default_answer": "5"}
        opened = ScriptedBackend(script)
    else:
        folder = write_model(Path(tmp_path_factory.mktemp("conformance")) / "tiny")
        opened = TransformersBackend(str(folder), batch=5)
    yield opened
    opened.close()


def asked(prefix: str = "so far", n: int = 1, score: str = "", **sampling: Any) -> Request:
    turns = (Message("user", "Add."), Message("assistant", prefix))
    return Request(turns, n, Sampling(**{"max_tokens": 16, **sampling}), score)


def test_one_completion_per_sample_in_the_order_asked(backend: Backend) -> None:
    wanted: list[tuple[Request, list[int]]] = [(asked(f"p{i}", n=7), [3, 0, i + 4]) for i in range(4)]
    answers = backend.answer(wanted)
    assert [[c.sample for c in row] for row in answers] == [samples for _, samples in wanted]
    assert all(c.model == backend.name for row in answers for c in row)


def test_sample_depends_on_its_number_and_question_alone(backend: Backend) -> None:
    (all_at_once,) = backend.answer([(asked(n=6), range(6))])
    others = [(asked(f"other {i}" * i, n=2), [0, 1]) for i in range(4)]
    singly = [backend.answer([*others[:i], (asked(n=1), [i])])[-1][0] for i in range(6)]
    assert [c.text for c in singly] == [c.text for c in all_at_once]


def test_another_seed_gives_other_samples(backend: Backend) -> None:
    first, second = ({c.text for c in backend.answer([(asked(n=12, seed=s), range(12))])[0]} for s in (1, 2))
    assert len(first | second) > 1
    (again,) = backend.answer([(asked(n=12, seed=1), range(12))])
    assert {c.text for c in again} == first


def test_nothing_asked_is_nothing_answered(backend: Backend) -> None:
    assert backend.answer([]) == []


def test_no_half_characters_and_no_prompt_in_the_text(backend: Backend) -> None:
    (drawn,) = backend.answer([(asked("a prefix that is not repeated", n=12), range(12))])
    for completion in drawn:
        assert "a prefix" not in completion.text
        if completion.finish_reason == "length":
            assert not completion.text.endswith("\N{REPLACEMENT CHARACTER}")


def test_scoring_is_one_completion_whose_spans_cover_the_text(backend: Backend) -> None:
    text = "Step 1: 2 + 3 = 5."
    ((scored,),) = backend.answer([(asked(n=0, score=text), [0])])
    assert (scored.text, scored.sample) == ("", 0)
    assert "".join(text[token.start : token.end] for token in scored.scores) == text
    assert all(token.logprob <= token.best_logprob for token in scored.scores)
