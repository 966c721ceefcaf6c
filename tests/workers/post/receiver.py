"""A receiver of webhooks on this machine, which keeps what it was sent and answers as it is told to."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer

from tests.workers.serving import Act, QuietHandler, sent, serving


@dataclass(frozen=True, slots=True)
class Got:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """``acts`` answer one request each; the rest get 204."""

    server: ThreadingHTTPServer
    got: list[Got] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)

    @property
    def port(self) -> int:
        return self.server.server_port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?key=1"


@contextmanager
def a_receiver(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    class Handler(QuietHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append(Got(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            # Whoever asked may be gone before the answer.
            with contextlib.suppress(ConnectionError):
                (receiver.acts.pop(0) if receiver.acts else sent(b"", 204))(self)

        def do_GET(self) -> None:
            receiver.got.append(Got(self.path, dict(self.headers), b""))
            self.send_response(200)
            self.end_headers()

    with serving(Handler, tls) as server:
        receiver = Receiver(server)
        yield receiver
