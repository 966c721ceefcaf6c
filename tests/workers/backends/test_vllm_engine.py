"""The vLLM backend without vLLM: addresses, batching, refusals. ``test_conformance`` runs it where a GPU is."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("tokenizers", reason="local models are not installed")

from annotate.errors import BackendError
from annotate.prelabel.contracts import Message, Request, Sampling
from tests.workers.backends.tiny import byte_tokenizer
from workers.backends.options import Options
from workers.backends.vllm_engine import VLLMBackend, open_backend


class Engine:
    """``generate`` of an engine that says how long each prompt was."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.is_stopped = False
        self.llm_engine = SimpleNamespace(engine_core=SimpleNamespace(shutdown=self.stop))

    def stop(self) -> None:
        self.is_stopped = True

    def generate(
        self, prompts: list[dict[str, Any]], params: list[dict[str, Any]], *, use_tqdm: bool
    ) -> list[Any]:
        self.batches.append(len(prompts))
        return [
            SimpleNamespace(
                outputs=[
                    SimpleNamespace(
                        index=i,
                        text=str(len(prompt["prompt_token_ids"])),
                        token_ids=[1],
                        cumulative_logprob=-1.0,
                        finish_reason="stop",
                    )
                    for i in range(one["n"])
                ]
            )
            for prompt, one in zip(prompts, params, strict=True)
        ]


def asked(text: str, n: int = 1) -> Request:
    return Request((Message("user", text),), n, Sampling())


def test_batch_is_one_call_and_a_prompt_too_long_spoils_only_its_own_request() -> None:
    engine = Engine()
    backend = VLLMBackend(engine, byte_tokenizer(), dict, name="vllm:m", context=40)
    fine, long, also = backend.answer([(asked("a", 2), [0, 1]), (asked("x" * 99), [5]), (asked("bb"), [3])])
    assert engine.batches == [2]
    assert [c.sample for c in fine] == [0, 1]
    assert (long[0].sample, long[0].finish_reason) == (5, "error")
    assert "context holds 40" in long[0].error
    assert int(also[0].text) == int(fine[0].text) + 1
    assert backend.answer([]) == []
    backend.close()
    assert engine.is_stopped


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"data_parallel": "2"}, "one server per GPU"),
        ({"max_len": "x"}, "max_len"),
        ({"dtype": "int3"}, "dtype"),
        ({"speed": "9"}, "speed"),
        ({}, "no model folder"),
    ],
)
def test_bad_address_is_named(options: dict[str, str], named: str) -> None:
    with pytest.raises(BackendError, match=named) as caught:
        open_backend("nowhere/at/all", Options(options))
    assert not caught.value.retry


def test_missing_vllm_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(BackendError, match="`vllm` extra") as caught:
        open_backend(str(tmp_path), Options({}))
    assert not caught.value.retry
