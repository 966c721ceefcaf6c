"""A running vLLM held against transformers on the same weights: ``fixtures/models/policy``.

How to start one without a GPU stands in ``docs/backends.md``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

pytest.importorskip("torch", reason="local models are not installed")

from annotate.prelabel.contracts import Backend, Message, Request, Sampling
from tests.paths import REPOSITORY
from tests.services import VLLM_SERVER
from workers.backends.registry import open_backend

POLICY = REPOSITORY / "fixtures" / "models" / "policy"
TURNS = (Message("user", "Tom has 3 apples and buys 4. How many has he?"), Message("assistant", "3 + 4 = "))

pytestmark = pytest.mark.needs_vllm_server


@pytest.fixture(scope="module")
def served() -> Iterator[Backend]:
    backend = open_backend(VLLM_SERVER.address)
    yield backend
    backend.close()


@pytest.fixture(scope="module")
def local() -> Iterator[Backend]:
    backend = open_backend(f"transformers:{POLICY}")
    yield backend
    backend.close()


@pytest.mark.parametrize("text", ["7.\n\nAnswer: 7", "é🙂 ≤ 5", "解 x²"])
def test_scores_are_those_of_transformers(served: Backend, local: Backend, text: str) -> None:
    request = Request(TURNS, 0, score=text)
    ((theirs,), (ours,)) = (backend.answer([(request, [0])])[0] for backend in (served, local))
    assert len(theirs.scores) == len(ours.scores)
    assert theirs.logprob == pytest.approx(ours.logprob, rel=1e-4)


@pytest.mark.parametrize("choices", [("7", "8"), ("seven", "eight")])
def test_choices_are_those_of_transformers(served: Backend, local: Backend, choices: tuple[str, ...]) -> None:
    request = Request(TURNS, 1, choices=choices)
    ((theirs,), (ours,)) = (backend.answer([(request, [0])])[0] for backend in (served, local))
    assert theirs.choice_source == "tokens"
    assert theirs.choices == pytest.approx(ours.choices, rel=1e-4)


def test_greedy_text_is_that_of_transformers(served: Backend, local: Backend) -> None:
    request = Request(TURNS, 1, Sampling(temperature=0.0, max_tokens=24))
    theirs, ours = (backend.answer([(request, [0])])[0][0] for backend in (served, local))
    assert theirs.text == ours.text


def test_share_of_a_sampled_answer_is_its_probability(served: Backend, local: Backend) -> None:
    """What is drawn 400 times comes as often as its probability says: no hidden top-k, no other temperature."""
    drawn = served.answer([(Request(TURNS, 400, Sampling(max_tokens=1)), range(400))])[0]
    ((exact,),) = local.answer([(Request(TURNS, 1, choices=("7",)), [0])])
    expected = math.exp(exact.choices["7"])
    share = sum(completion.text == "7" for completion in drawn) / len(drawn)
    assert share == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / len(drawn)) + 1e-3)
