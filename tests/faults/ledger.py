"""A model server that writes down every sample it is asked for, so that what is paid twice can be counted."""

from __future__ import annotations

import hashlib
import json
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Ledger:
    """Every sample the server was asked for, in order; its text is its name."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        # When each was asked for, by the clock that stored rows go by.
        self.times: list[float] = []
        self.lock = threading.Lock()
        self.url = ""
        # How many went away before they were answered.
        self.n_gone = 0
        # Until it is set nobody is answered.
        self.answers = threading.Event()
        self.answers.set()


def _text(body: dict[str, Any], seed: int) -> str:
    prompt = json.dumps(body["messages"], sort_keys=True)
    luck = hashlib.sha256(f"{prompt}:{seed}".encode()).hexdigest()
    return f"So {luck[:16]}. Answer: {42 if luck[0] < '3' else 41}"


def _is_gone(connection: socket.socket) -> bool:
    """Whether whoever asked has hung up."""
    if not select.select([connection], [], [], 0)[0]:
        return False
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True


@contextmanager
def a_server(answer_seconds: float = 0.05, host: str = "127.0.0.1") -> Iterator[Ledger]:
    ledger = Ledger()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            texts = [_text(body, body["seed"] + i) for i in range(body["n"])]
            with ledger.lock:
                ledger.asked += texts
                ledger.times += [time.time()] * len(texts)
            while not ledger.answers.wait(timeout=0.1):
                if _is_gone(self.connection):
                    with ledger.lock:
                        ledger.n_gone += 1
                    self.close_connection = True
                    return
            time.sleep(answer_seconds)
            choices = [
                {
                    "index": i,
                    "message": {"role": "assistant", "content": text},
                    "finish_reason": "stop",
                }
                for i, text in enumerate(texts)
            ]
            usage = {"prompt_tokens": 7, "completion_tokens": 5 * len(texts)}
            payload = json.dumps({"choices": choices, "usage": usage}).encode()
            try:
                self.send_response(200)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)
            except OSError:
                self.close_connection = True  # whoever asked is dead

        def log_message(self, format: str, *args: object) -> None:
            """Keep the table readable."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Whoever asked was killed."""

    server = Server((host, 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ledger.url = f"http://{host}:{server.server_address[1]}/v1"
    try:
        yield ledger
    finally:
        server.shutdown()
        server.server_close()
