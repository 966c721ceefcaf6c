"""A small real HTTP server that speaks the part of vLLM's protocol we use, with faults on request."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Listener(ThreadingHTTPServer):
    """One thread a connection, and room for many that arrive at once: the usual five get lost on a busy machine."""

    request_queue_size = 128


@dataclass
class Behaviour:
    """What the server does; ``refusals`` are statuses answered before it behaves, with ``Retry-After``."""

    refusals: list[int] = field(default_factory=list)
    retry_after: str = "0.01"
    dropped: int = 0
    max_n: int = 99
    refuses: Callable[[dict[str, Any]], tuple[int, str] | None] = lambda body: None
    finish_reason: str = "stop"
    says: str | None = None
    has_prompt_logprobs: bool = True
    seen: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    port: int = 0


def text_for(body: dict[str, Any], seed: int) -> str:
    """The server's whole intelligence: a hash of prompt and seed."""
    prompt = json.dumps(body["messages"], sort_keys=True)
    luck = "greedy" if body["temperature"] == 0 else seed
    return "é" + hashlib.sha256(f"{prompt}:{luck}".encode()).hexdigest()[:10]


def _said(body: dict[str, Any], seed: int, behaviour: Behaviour) -> str:
    return text_for(body, seed) if behaviour.says is None else behaviour.says


def _answer(body: dict[str, Any], behaviour: Behaviour) -> dict[str, Any]:
    n = min(body["n"], behaviour.max_n)
    choices = [
        {
            "index": i,
            "message": {"role": "assistant", "content": _said(body, body["seed"] + i, behaviour)},
            "finish_reason": behaviour.finish_reason,
        }
        for i in range(n)
    ]
    answer: dict[str, Any] = {
        "choices": choices[::-1],
        "usage": {"prompt_tokens": 7, "completion_tokens": 5 * n},
    }
    if body.get("prompt_logprobs") is not None and behaviour.has_prompt_logprobs:
        answer["prompt_logprobs"] = _prompt_logprobs(body["messages"])
    return answer


def _prompt_logprobs(messages: list[dict[str, str]]) -> list[Any]:
    """One token per two characters of the last message; every third is not the model's own choice."""
    text = messages[-1]["content"]
    entries: list[Any] = [None]
    for i in range(0, len(text), 2):
        own = {"logprob": -0.5, "rank": 1, "decoded_token": text[i : i + 2]}
        if i % 6:
            entries.append({"11": own})
        else:
            best = {"logprob": -0.25, "rank": 1, "decoded_token": "??"}
            entries.append({"11": own | {"logprob": -3.0, "rank": 4}, "12": best})
    return entries


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[Behaviour]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path != "/v1/chat/completions":
                self.reply(404, {"error": {"message": "no such route"}}, {})
                return
            with behaviour.lock:
                behaviour.seen.append(body)
                behaviour.headers.append(dict(self.headers))
                refusal = behaviour.refusals.pop(0) if behaviour.refusals else None
                is_dropped = behaviour.dropped > 0
                behaviour.dropped -= is_dropped
            if is_dropped:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            if refusal:
                self.reply(refusal, {"error": {"message": "busy"}}, {"Retry-After": behaviour.retry_after})
                return
            refused = behaviour.refuses(body)
            if refused:
                self.reply(refused[0], {"error": {"message": refused[1]}}, {})
            else:
                self.reply(200, _answer(body, behaviour), {})

        def reply(self, status: int, answer: dict[str, Any], headers: dict[str, str]) -> None:
            payload = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(payload))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, format: str, *args: object) -> None:
            """Keep the tests' output quiet."""

    server = Listener(("127.0.0.1", 0), Handler)
    behaviour.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield behaviour
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
