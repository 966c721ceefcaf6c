"""The HTTP backend against ``transformers serve``, which answers 200 to much that it ignores."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

pytest.importorskip("torch", reason="local models are not installed")
pytest.importorskip("fastapi", reason="transformers[serving] is not installed")
pytest.importorskip("uvicorn", reason="transformers[serving] is not installed")

from annotate.errors import BackendError
from annotate.prelabel.contracts import Message, Request, Sampling
from tests.workers.backends.tiny import write_model
from workers.backends.openai_http import OpenAIBackend

SECONDS_TO_START = 90


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a server, and the model's name there."""
    home = tmp_path_factory.mktemp("serve")
    (home / "hub").mkdir()
    folder = write_model(home / "tiny")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(Path(sys.executable).with_name("transformers")), "serve", str(folder)]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--device", "cpu"],
        env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(home), "HF_HUB_CACHE": str(home / "hub")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/health", process)
        yield f"http://127.0.0.1:{port}/v1", str(folder)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx2.get(address).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.2)
    pytest.fail("transformers serve did not start")


def test_ignored_fields_are_found_and_answers_are_honest(served: tuple[str, str]) -> None:
    url, model = served
    backend = OpenAIBackend(url, model=model, is_vllm=False)
    question = Message("user", "Is it right?")
    drawn = Request((question,), 3, Sampling(max_tokens=6))
    chosen = Request((question,), 1, Sampling(max_tokens=6), choices=("yes", "no"))
    (texts,), (told,) = backend.answer([(drawn, range(3))]), backend.answer([(chosen, [0])])
    begun = Request((question, Message("assistant", "It is")), 1, Sampling(max_tokens=2))
    with pytest.raises(BackendError, match="cannot continue a begun answer"):
        backend.answer([(begun, [0])])
    backend.close()
    assert [completion.sample for completion in texts] == [0, 1, 2]
    for ignored in ("n", "logprobs", "begun answers", "lists of allowed texts"):
        assert ignored in texts[0].server
    assert sum(c.completion_tokens for c in texts) > 0
    assert (told[0].choice_source, set(told[0].choices)) == ("typed", {"yes", "no"})


def test_fields_of_vllm_are_refused_aloud(served: tuple[str, str]) -> None:
    url, model = served
    backend = OpenAIBackend(url, model=model)
    with pytest.raises(BackendError, match="Unexpected fields") as caught:
        backend.answer([(Request((Message("user", "Q"),)), [0])])
    backend.close()
    assert not caught.value.retry
