"""Real OpenAI-compatible servers in processes of their own: a checkpoint on a CPU behind the fields of vLLM we use.

A nursery process loads the model once and forks a server whenever asked, so that a test can kill one and start
another in a moment. A server may ignore fields while it answers 200 (n, logprobs, structured, continue, named,
scores), as servers do, lack routes, answer 429 for a while, or be slow.
"""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from tests.workers.backends.server import Listener

REPOSITORY = Path(__file__).parents[3]
MODEL = "local"


@dataclass(frozen=True)
class Manners:
    ignore: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    busy: int = 0
    slow: float = 0.0
    port: int = 0


@dataclass(frozen=True)
class Server:
    pid: int
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


class Nursery:
    """Starts servers of one model folder; leaving the context kills what is left of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "tests.workers.backends.local_server", str(folder)]
        self._process = subprocess.Popen(
            command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._servers: list[Server] = []

    def start(self, **manners: Any) -> Server:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        print(json.dumps(asdict(Manners(**manners))), file=stdin, flush=True)
        self._servers.append(Server(**json.loads(stdout.readline())))
        return self._servers[-1]

    @contextmanager
    def serving(self, **manners: Any) -> Iterator[Server]:
        server = self.start(**manners)
        try:
            yield server
        finally:
            server.kill()

    def __enter__(self) -> Nursery:
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            try:
                server.kill()
            except ProcessLookupError:
                continue
        # Only now: a living server would hold its copy of the pipe open.
        self._process.communicate()


class Refused(Exception):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Service:
    """Answers by route; one request at a time, as the model demands."""

    def __init__(self, folder: str) -> None:
        import torch

        from workers.backends.transformers_engine import TransformersBackend

        torch.set_num_threads(1)
        self.torch = torch
        self.backend = TransformersBackend(folder)
        self.chat = self.backend._chat
        self.tokenizer = self.backend._tokenizer
        self.folder = folder
        self.ignored: set[str] = set()
        self.absent: set[str] = set()
        self.lock = threading.Lock()

    def get(self, path: str) -> dict[str, Any]:
        if path == "/version" and "version" not in self.absent:
            return {"version": "0.0.local"}
        if path == "/v1/models":
            return {"data": [{"id": MODEL, "root": self.folder, "max_model_len": self.backend._context}]}
        raise Refused(404, "no such route")

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        route = {
            "/v1/chat/completions": self.complete,
            "/tokenize": self.tokenize,
            "/v1/systemone": self.typed,
        }.get(path)
        if route is None or path.rpartition("/")[2] in self.absent:
            raise Refused(404, "no such route")
        with self.lock:
            return route(body)

    def request(self, body: dict[str, Any], seed: int, **extra: Any) -> Any:
        from annotate.prelabel.contracts import Message, Request, Sampling

        turns = [Message(turn["role"], turn["content"]) for turn in body["messages"]]
        is_continued = body.get("continue_final_message") and "continue" not in self.ignored
        if turns[-1].role == "assistant" and not is_continued:
            turns.append(Message("assistant", ""))
        sampling = Sampling(
            temperature=body["temperature"],
            top_p=body["top_p"],
            top_k=max(0, body.get("top_k", 0)),
            max_tokens=body["max_tokens"],
            stop=tuple(body.get("stop") or ()),
            seed=seed,
        )
        return Request(tuple(turns), **{"n": 1, "sampling": sampling, **extra})

    def complete(self, body: dict[str, Any]) -> dict[str, Any]:
        n = 1 if "n" in self.ignored else body.get("n", 1)
        if n > 1 and body["temperature"] == 0:
            raise Refused(400, "n must be 1 when using greedy sampling")
        allowed = (body.get("structured_outputs") or {}).get("choice")
        drawn = [self.request(body, body["seed"] + i) for i in range(n)]
        if allowed and "structured" not in self.ignored:
            texts = self.constrained(body, allowed, n)
        else:
            texts = [row[0] for row in self.backend.answer([(request, [0]) for request in drawn])]
        if any(text.finish_reason == "error" for text in texts):
            raise Refused(400, f"This model's maximum context length is exceeded: {texts[0].error}")
        ids = self.chat.ids(self.chat.text(drawn[0].messages))
        choices = [
            {
                "index": index,
                "message": {"role": "assistant", "content": text.text},
                "finish_reason": text.finish_reason,
                "token_ids": [0] * text.completion_tokens if body.get("return_token_ids") else None,
                "logprobs": self.logprobs(body, ids),
            }
            for index, text in enumerate(texts)
        ]
        written = sum(text.completion_tokens for text in texts)
        answer = {"choices": choices, "usage": {"prompt_tokens": len(ids), "completion_tokens": written}}
        if body.get("prompt_logprobs") is not None and "scores" not in self.ignored:
            answer["prompt_logprobs"] = self.prompt_logprobs(ids)
        return answer

    def constrained(self, body: dict[str, Any], allowed: list[str], n: int) -> list[Any]:
        """Texts drawn from the allowed ones by their probabilities."""
        import random

        from annotate.prelabel.contracts import Completion

        (read,) = self.backend.answer([(self.request(body, 0, choices=tuple(allowed)), [0])])[0]
        weights = [math.exp(read.choices[text]) for text in allowed]
        best = max(weights)
        weights = [weight / best for weight in weights] if best else [1.0] * len(allowed)
        return [
            Completion(
                random.Random(body["seed"] + i).choices(allowed, weights)[0], "stop", completion_tokens=2
            )
            for i in range(n)
        ]

    def table(self, ids: list[int]) -> Any:
        with self.torch.inference_mode():
            logits = self.backend._model(self.torch.tensor([ids])).logits[0]
        return self.torch.log_softmax(logits.double(), dim=-1)

    def logprobs(self, body: dict[str, Any], ids: list[int]) -> dict[str, Any] | None:
        if not body.get("logprobs") or "logprobs" in self.ignored:
            return None
        row = self.table(ids)[-1]
        named = body.get("logprob_token_ids")
        if named and "named" not in self.ignored:
            if body["top_logprobs"] != len(named):
                raise Refused(400, "logprobs must equal len(logprob_token_ids)")
            tokens = named
        else:
            tokens = row.topk(min(body["top_logprobs"], len(row))).indices.tolist()
        is_numbered = body.get("return_tokens_as_token_ids")
        entries = [
            {
                "token": f"token_id:{token}" if is_numbered else self.tokenizer.decode([token]),
                "logprob": row[token].item(),
            }
            for token in tokens
        ]
        return {"content": [{**entries[0], "top_logprobs": entries}]}

    def prompt_logprobs(self, ids: list[int]) -> list[Any]:
        """As vLLM spells them: the tokens of a character's first bytes are nothing, its last one is all of it."""
        table = self.table(ids)
        entries: list[Any] = [None]
        begun: list[int] = []
        for place, token in enumerate(ids[1:]):
            begun.append(token)
            spelled = self.tokenizer.decode(begun)
            if spelled.endswith("\N{REPLACEMENT CHARACTER}"):
                spelled = ""
            else:
                begun = []
            best = int(table[place].argmax())
            others = {best: self.tokenizer.decode([best])} if best != token else {}
            entries.append(
                {
                    str(one): {"logprob": table[place, one].item(), "decoded_token": text}
                    for one, text in ({token: spelled} | others).items()
                }
            )
        return entries

    def tokenize(self, body: dict[str, Any]) -> dict[str, Any]:
        if "prompt" in body:
            return {"tokens": self.tokenizer(body["prompt"], add_special_tokens=False)["input_ids"]}
        from annotate.prelabel.contracts import Message

        turns = [Message(turn["role"], turn["content"]) for turn in body["messages"]]
        return {"tokens": self.chat.ids(self.chat.text(turns))}

    def typed(self, body: dict[str, Any]) -> dict[str, Any]:
        """Options get letters, the letters' next-token probabilities are the answer's."""
        if set(body) - {"model", "state", "questions"}:
            raise Refused(422, "unexpected fields")
        answers, diagnostics, read_tokens = {}, {}, 0
        for name, question in body["questions"].items():
            options = list(question["criteria"])
            labels = "ABCDEFGH"[: len(options)]
            lines = [f"{label}. {option}" for label, option in zip(labels, options, strict=True)]
            asked = "\n".join([body["state"], question["instructions"], *lines])
            from annotate.prelabel.contracts import Message, Request

            request = Request((Message("user", asked),), choices=tuple(labels))
            (read,) = self.backend.answer([(request, [0])])[0]
            shares = {
                option: math.exp(read.choices[label]) for option, label in zip(options, labels, strict=True)
            }
            mass = sum(shares.values())
            answers[name] = {"type": "choice", "probabilities": {o: p / mass for o, p in shares.items()}}
            diagnostics[name] = {"label_mass": mass, "argmax_is_label": False}
            read_tokens += read.prompt_tokens
        usage = {"input_tokens": read_tokens, "output_tokens": 1}
        return {"answers": answers, "diagnostics": diagnostics, "usage": usage}


def serve(service: Service, manners: Manners, report: Any) -> None:
    service.ignored, service.absent = set(manners.ignore), set(manners.without)
    storm = iter(range(manners.busy))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.respond(lambda: service.get(self.path))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if next(storm, None) is not None:
                self.reply(429, {"error": {"message": "busy"}}, {"Retry-After": "0.05"})
                return
            time.sleep(manners.slow)
            self.respond(lambda: service.post(self.path, body))

        def respond(self, call: Any) -> None:
            try:
                self.reply(200, call(), {})
            except Refused as refused:
                self.reply(refused.status, {"error": {"message": str(refused)}}, {})

        def reply(self, status: int, answer: dict[str, Any], headers: dict[str, str]) -> None:
            payload = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(payload))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, format: str, *args: object) -> None:
            """Keep the output to the reports."""

    server = Listener(("127.0.0.1", manners.port), Handler)
    server.daemon_threads = True
    report({"pid": os.getpid(), "port": server.server_address[1]})
    server.serve_forever()


def main() -> None:
    service = Service(sys.argv[1])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        if os.fork() == 0:
            sys.stdin.close()
            try:
                serve(service, Manners(**json.loads(line)), lambda told: print(json.dumps(told), flush=True))
            finally:
                os._exit(1)


if __name__ == "__main__":
    main()
