"""A small Hub on this machine: the endpoints that the Hub's own client asks, with its files on disk.

What it answers is written from the source of that client, not from our worker. ``faults`` say which
requests are answered otherwise, and ``asked`` keeps every request, so that tests see what was really sent.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.workers.hub.kept import Fault, Repository, blob_id, oid_of

TOKEN = "hf_right"
# Smaller than the Hub's 10 MB and its parts of 16 MB and more, so that small files go every way.
LARGE, PART = 2_000, 1_500


class StandIn:
    def __init__(self, store: Path) -> None:
        store.mkdir(parents=True)
        self.store = store
        self.repositories: dict[str, Repository] = {}
        self.token, self.role = TOKEN, "write"
        self.faults: list[Fault] = []
        self.asked: list[tuple[str, str, int]] = []
        self.lock = threading.RLock()
        hub = self

        class Handler(_Handler):
            standing_in = hub

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def make(self, name: str, *, private: bool = True, **files: bytes) -> Repository:
        made = self.repositories[name] = Repository(private)
        made.commit("initial commit", "", {".gitattributes": b"*.parquet filter=lfs\n", **files})
        return made

    def content(self, name: str, revision: str = "main") -> dict[str, bytes]:
        commit = self.repositories[name].at(revision)
        assert commit is not None
        return {path: self.bytes_of(held) for path, held in commit.files.items()}

    def bytes_of(self, held: bytes | str) -> bytes:
        return held if isinstance(held, bytes) else (self.store / held).read_bytes()

    def n_asked(self, method: str, path: str) -> int:
        return sum(one == method and re.search(path, at) is not None for one, at, _ in self.asked)

    def sent(self, path: str = r"/(lfs|commit)/") -> int:
        """Bytes of content that came in."""
        return sum(n for method, at, n in self.asked if method in ("PUT", "POST") and re.search(path, at))


@contextmanager
def a_hub(store: Path) -> Iterator[StandIn]:
    hub = StandIn(store)
    thread = threading.Thread(target=hub.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.server.shutdown()
        hub.server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    standing_in: StandIn
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: tests read ``asked``."""

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def _serve(self) -> None:
        hub, path = self.standing_in, unquote(urlsplit(self.path).path)
        body = self._body()
        with hub.lock:
            hub.asked.append((self.command, path, len(body)))
            fault = next((one for one in hub.faults if one.fits(self.command, path)), None)
            if fault is not None:
                fault.times -= 1
        if fault is not None:
            if fault.act is not None:
                fault.act()
            if fault.status:
                self._say(fault.status, {"error": fault.says}, fault.headers)
                return
        with hub.lock:
            for pattern, answer in _ROUTES:
                if found := re.fullmatch(pattern, path):
                    # The store behind the Hub is asked with a signed address, not with a token.
                    if not path.startswith("/store/") and not self._is_known():
                        self._say(401, {"error": "Invalid username or password."})
                        return
                    answer(self, body, **found.groupdict())
                    return
        self._say(404, {"error": f"no such place: {path}"})

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            pieces = []
            while size := int(self.rfile.readline(), 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(pieces)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _is_known(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {self.standing_in.token}"

    def _say(self, status: int, what: Any = None, headers: dict[str, str] | None = None) -> None:
        content = what if isinstance(what, bytes) else json.dumps(what).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _repository(self, name: str) -> Repository | None:
        found = self.standing_in.repositories.get(name)
        if found is None:
            self._say(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
        return found

    def _whoami(self, body: bytes) -> None:
        token = {"displayName": "releases", "role": self.standing_in.role}
        said = {"type": "user", "name": "alice", "orgs": [{"name": "acme"}]}
        self._say(200, said | {"auth": {"type": "access_token", "accessToken": token}})

    def _create(self, body: bytes) -> None:
        asked = json.loads(body)
        assert asked["type"] == "dataset"
        name = f"{asked['organization'] or 'alice'}/{asked['name']}"
        if name in self.standing_in.repositories:
            self._say(409, {"error": "You already created this dataset repo"})
            return
        self.standing_in.make(name, private=asked.get("visibility") == "private")
        self._say(200, {"url": f"{self.standing_in.url}/datasets/{name}"})

    def _info(self, body: bytes, name: str, revision: str = "main") -> None:
        if (found := self._repository(name)) is None:
            return
        if (commit := found.at(revision)) is None:
            self._say(404, {"error": "Invalid rev"}, {"X-Error-Code": "RevisionNotFound"})
            return
        siblings = [{"rfilename": path} for path in sorted(commit.files)]
        about = {"id": name, "author": name.partition("/")[0], "sha": commit.id, "private": found.private}
        self._say(
            200,
            about
            | {
                "disabled": False,
                "gated": False,
                "downloads": 0,
                "likes": 0,
                "tags": [],
                "siblings": siblings,
            },
        )

    def _tree(self, body: bytes, name: str, revision: str) -> None:
        if (found := self._repository(name)) is None:
            return
        if (commit := found.at(revision)) is None:
            self._say(404, {"error": "Invalid rev"}, {"X-Error-Code": "RevisionNotFound"})
            return
        self._say(200, [self._entry(path, held) for path, held in sorted(commit.files.items())])

    def _entry(self, path: str, held: bytes | str) -> dict[str, Any]:
        content = self.standing_in.bytes_of(held)
        entry = {"type": "file", "path": path, "size": len(content), "oid": blob_id(content)}
        if isinstance(held, str):
            pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{held}\nsize {len(content)}\n"
            lfs = {"oid": held, "size": len(content), "pointerSize": len(pointer)}
            entry |= {"oid": blob_id(pointer.encode()), "lfs": lfs}
        return entry

    def _commits(self, body: bytes, name: str, revision: str) -> None:
        if (found := self._repository(name)) is None:
            return
        begin = next(at for at, one in enumerate(found.commits) if one is found.at(revision))
        told = [
            {"id": one.id, "title": one.title, "message": one.message, "authors": [{"user": "alice"}]}
            | {"date": "2026-11-29T12:00:00.000Z"}
            for one in reversed(found.commits[: begin + 1])
        ]
        self._say(200, told)

    def _preupload(self, body: bytes, name: str, revision: str) -> None:
        if (found := self._repository(name)) is None:
            return
        held = found.commits[-1].files
        files = [
            {
                "path": one["path"],
                "uploadMode": "lfs"
                if one["size"] >= LARGE or one["path"].endswith(".parquet")
                else "regular",
                "shouldIgnore": False,
                "oid": None if one["path"] not in held else oid_of(held[one["path"]]),
            }
            for one in json.loads(body)["files"]
        ]
        self._say(200, {"files": files})

    def _batch(self, body: bytes, name: str) -> None:
        if self._repository(name) is None:
            return
        objects: list[dict[str, Any]] = []
        for one in json.loads(body)["objects"]:
            oid, size = one["oid"], one["size"]
            told: dict[str, Any] = {"oid": oid, "size": size}
            if not (self.standing_in.store / oid).exists():
                at = f"{self.standing_in.url}/store/lfs/{oid}"
                upload: dict[str, Any] = {"href": at}
                if size > PART:
                    parts = range(1, -(-size // PART) + 1)
                    header = {str(part): f"{at}/{part}?X-Amz-Signature=secret" for part in parts}
                    upload = {
                        "href": f"{self.standing_in.url}/store/done",
                        "header": header | {"chunk_size": str(PART)},
                    }
                verify = {"href": f"{self.standing_in.url}/datasets/{name}.git/info/lfs/verify"}
                told["actions"] = {"upload": upload, "verify": verify}
            objects.append(told)
        self._say(200, {"transfer": "basic", "objects": objects})

    def _put(self, body: bytes, oid: str, part: str = "") -> None:
        where = self.standing_in.store / (f"{oid}.{part.zfill(4)}" if part else oid)
        if not part:
            assert hashlib.sha256(body).hexdigest() == oid
        where.write_bytes(body)
        self._say(200, b"", {"ETag": hashlib.md5(body).hexdigest()})

    def _done(self, body: bytes) -> None:
        asked = json.loads(body)
        oid, store = asked["oid"], self.standing_in.store
        parts = [store / f"{oid}.{str(part['partNumber']).zfill(4)}" for part in asked["parts"]]
        content = b"".join(one.read_bytes() for one in parts)
        assert hashlib.sha256(content).hexdigest() == oid
        (store / oid).write_bytes(content)
        self._say(200, {})

    def _verify(self, body: bytes, name: str) -> None:
        asked = json.loads(body)
        assert (self.standing_in.store / asked["oid"]).stat().st_size == asked["size"]
        self._say(200, {})

    def _commit(self, body: bytes, name: str, revision: str) -> None:
        if (found := self._repository(name)) is None:
            return
        lines = [json.loads(line) for line in body.splitlines()]
        header = lines[0]["value"]
        if header.get("parentCommit") not in (None, found.commits[-1].id):
            said = "A commit has happened since. Please refresh and try again."
            self._say(412, {"error": said})
            return
        files = dict(found.commits[-1].files)
        for line in lines[1:]:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                assert (self.standing_in.store / value["oid"]).exists()
                files[value["path"]] = value["oid"]
            else:
                assert line["key"] == "deletedFile"
                del files[value["path"]]
        made = found.commit(header["summary"], header["description"], files)
        self._say(
            200,
            {
                "commitUrl": f"{self.standing_in.url}/datasets/{name}/commit/{made.id}",
                "commitOid": made.id,
                "success": True,
            },
        )

    def _tag(self, body: bytes, name: str, revision: str) -> None:
        if (found := self._repository(name)) is None:
            return
        tag = json.loads(body)["tag"]
        if tag in found.tags:
            self._say(409, {"error": "Tag reference exists already"})
            return
        commit = found.at(revision)
        assert commit is not None
        found.tags[tag] = commit.id
        self._say(200, {})

    def _yaml(self, body: bytes) -> None:
        asked = json.loads(body)
        assert asked["repoType"] == "dataset"
        assert asked["content"].startswith("---\n")
        self._say(200, {"errors": [], "warnings": []})

    def _resolve(self, body: bytes, name: str, revision: str, path: str) -> None:
        if (found := self._repository(name)) is None:
            return
        commit = found.at(revision)
        if commit is None or path not in commit.files:
            self._say(404, {"error": "Entry not found"}, {"X-Error-Code": "EntryNotFound"})
            return
        held = commit.files[path]
        headers = {"X-Repo-Commit": commit.id, "ETag": f'"{oid_of(held)}"'}
        content = self.standing_in.bytes_of(held)
        self._say(200, content, headers)


_API = r"/api/datasets/(?P<name>[^/]+/[^/]+)"
_ROUTES: list[tuple[str, Callable[..., None]]] = [
    (r"/api/whoami-v2", _Handler._whoami),
    (r"/api/repos/create", _Handler._create),
    (r"/api/validate-yaml", _Handler._yaml),
    (_API, _Handler._info),
    (_API + r"/revision/(?P<revision>[^/]+)", _Handler._info),
    (_API + r"/tree/(?P<revision>[^/]+)", _Handler._tree),
    (_API + r"/commits/(?P<revision>[^/]+)", _Handler._commits),
    (_API + r"/preupload/(?P<revision>[^/]+)", _Handler._preupload),
    (_API + r"/commit/(?P<revision>[^/]+)", _Handler._commit),
    (_API + r"/tag/(?P<revision>[^/]+)", _Handler._tag),
    (r"/datasets/(?P<name>[^/]+/[^/]+)\.git/info/lfs/objects/batch", _Handler._batch),
    (r"/datasets/(?P<name>[^/]+/[^/]+)\.git/info/lfs/verify", _Handler._verify),
    (r"/datasets/(?P<name>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)", _Handler._resolve),
    (r"/store/lfs/(?P<oid>\w{64})", _Handler._put),
    (r"/store/lfs/(?P<oid>\w{64})/(?P<part>\d+)", _Handler._put),
    (r"/store/done", _Handler._done),
]
