"""Every backend by name, loaded only when somebody opens it.

An address is ``NAME:TARGET?option=value&…``::

    transformers:fixtures/models/policy?batch=64     a checkpoint in this process
    openai:http://gpu1:8000/v1?model=qwen3-8b        vLLM or OpenAI-compatible servers
    vllm:models/qwen3-8b?tensor_parallel=2           a checkpoint in this process, through vLLM
    scripted:demo.json                               deterministic answers from a script

Adding one is a file with an ``open_backend(target, options)`` and a line here. The names are dotted strings
so that a web process, which lists them, never imports a model library.
"""

from __future__ import annotations

import importlib
from urllib.parse import parse_qsl

from annotate.errors import BackendError
from annotate.prelabel.contracts import Backend
from workers.backends.options import Options

BACKENDS = {
    "transformers": "workers.backends.transformers_engine",
    "openai": "workers.backends.openai_http",
    "vllm": "workers.backends.vllm_engine",
    "scripted": "workers.backends.scripted",
    "sandbox": "workers.backends.sandbox_tool",
}
_LOCAL_MODEL_PACKAGES = frozenset({"torch", "transformers", "safetensors", "tokenizers"})


def open_backend(address: str) -> Backend:
    """The backend at an address; ``BackendError(retry=False)`` says what is wrong with it."""
    name, colon, rest = address.partition(":")
    if name not in BACKENDS or not colon:
        known = ", ".join(f"{known}:…" for known in BACKENDS)
        raise BackendError(f"{address!r} names no backend; addresses begin with {known}", retry=False)
    target, _, query = rest.partition("?")
    options = Options(dict(parse_qsl(query, keep_blank_values=True)))
    try:
        module = importlib.import_module(BACKENDS[name])
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _LOCAL_MODEL_PACKAGES:
            raise
        advice = "run `python3 manage.py setup local` to install what local models need."
        raise BackendError(f"{error.name} is not installed; {advice}", retry=False) from error
    backend: Backend = module.open_backend(target, options)
    return backend
