"""The Hub's own client against a stand-in for the Hub that speaks real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from annotate.errors import Rejected
from webapp.management import hub_dataset
from webapp.management.hub_dataset import downloaded

hub = pytest.importorskip("huggingface_hub")

SHA = "a" * 40
FILES = {
    "README.md": b"# Sums",
    "data/train-00000-of-00001.jsonl": b'{"id": "t1", "problem": {"text": "2 + 3?"}, "steps": ["5."]}\n',
    "data/test-00000-of-00001.jsonl": b"{}\n",
}


class Hub(BaseHTTPRequestHandler):
    fetched: list[str] = []

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        path = self.path.partition("?")[0]
        if path.startswith("/api/datasets/org/sums/tree/"):
            tree = [
                {"type": "file", "path": name, "size": len(body), "oid": sha1(body).hexdigest()}
                for name, body in FILES.items()
            ]
            self._send(json.dumps(tree).encode(), with_body)
        elif path.startswith("/api/datasets/org/sums"):
            about = {"id": "org/sums", "sha": SHA, "siblings": [{"rfilename": name} for name in FILES]}
            self._send(json.dumps(about).encode(), with_body)
        elif path.startswith("/datasets/org/sums/resolve/"):
            name = path.split("/", 6)[6]
            if with_body:
                self.fetched.append(name)
            self._send(FILES[name], with_body, etag=sha1(FILES[name]).hexdigest())
        else:
            self._send(b'{"error": "Repository not found"}', with_body, status=404, code="RepoNotFound")

    def _send(
        self, body: bytes, with_body: bool, *, status: int = 200, etag: str = "", code: str = ""
    ) -> None:
        self.send_response(status)
        headers = {"Content-Length": str(len(body)), "Content-Type": "application/json", "X-Repo-Commit": SHA}
        headers |= {"ETag": f'"{etag}"'} if etag else {}
        headers |= {"X-Error-Code": code} if code else {}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        return


@pytest.fixture
def address() -> Iterator[str]:
    Hub.fetched = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The real client, told where the Hub is; it reads its environment when it is imported."""

    def at(endpoint: str) -> None:
        api = hub.HfApi(endpoint=endpoint)

        class Told:
            @staticmethod
            def HfApi() -> Any:
                return api

            @staticmethod
            def snapshot_download(name: str, **options: Any) -> str:
                return str(
                    hub.snapshot_download(name, endpoint=endpoint, cache_dir=tmp_path / "cache", **options)
                )

        monkeypatch.setattr(hub_dataset, "_client", lambda: (Told, hub.errors))

    return at


def test_one_part_is_fetched_and_nothing_else(address: str, client: Any) -> None:
    client(address)
    folder, names = downloaded("hf:org/sums", part="train")
    assert names == ["data/train-00000-of-00001.jsonl"]
    assert (folder / names[0]).read_bytes() == FILES[names[0]]
    assert set(Hub.fetched) == set(names)
    downloaded("hf:org/sums", part="train")
    assert len(Hub.fetched) == 1


def test_data_set_that_is_not_there_is_told(address: str, client: Any) -> None:
    client(address)
    with pytest.raises(Rejected, match="the Hub has no data set org/absent"):
        downloaded("hf:org/absent")


def test_without_the_hub_there_is_one_clear_line(client: Any) -> None:
    client("http://127.0.0.1:9")
    with pytest.raises(Rejected, match=r"the Hub cannot be reached .* bring its folder in"):
        downloaded("hf:org/sums")


@pytest.mark.parametrize("name", ["", "a/b/c", "../x", "a b"])
def test_what_is_no_name_never_reaches_the_hub(name: str) -> None:
    with pytest.raises(Rejected, match="is no name of a data set"):
        downloaded(f"hf:{name}")
