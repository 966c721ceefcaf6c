"""What lies outside, on this machine: names that stand for what a test says, certificates, a server of pictures."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.workers.serving import Act, QuietHandler, sent, serving


def stand_for(monkeypatch: pytest.MonkeyPatch, name: str, *addresses: str) -> list[str]:
    """Let ``name`` stand for these, and hear how often that is asked."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def found(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        if host != name:
            return real(host, port, *rest, **more)
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    return asked


def a_certificate(folder: Path, name: str) -> ssl.SSLContext:
    """For one name; whoever shall trust it is told of ``cert.pem`` in the folder."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl not available")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"),
            *("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


@dataclass
class PictureServer:
    """``shows`` says what it does at each path, and 404 elsewhere. ``asked`` are (path, host) of every request."""

    server: ThreadingHTTPServer
    shows: dict[str, Act] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    @property
    def port(self) -> int:
        return self.server.server_port

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]

    def at(self, path: str, host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


@contextmanager
def a_picture_server(tls: ssl.SSLContext | None = None) -> Iterator[PictureServer]:
    class Handler(QuietHandler):
        def do_GET(self) -> None:
            pictures.asked.append((self.path, self.headers["Host"]))
            # Whoever asked may be gone before the answer.
            with contextlib.suppress(ConnectionError):
                pictures.shows.get(self.path, sent(b"", 404))(self)

    with serving(Handler, tls) as server:
        pictures = PictureServer(server)
        yield pictures


def leading_to(place: str, status: int = 302) -> Act:
    return sent(b"", status, Location=place)
