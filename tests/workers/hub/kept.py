"""What the stand-in for the Hub keeps: data sets, their commits, and what is to go wrong."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Fault:
    """Answers ``times`` requests that fit with ``status``; ``act`` is called first, and may wait or change things."""

    method: str
    path: str
    status: int = 0
    times: int = 1
    headers: dict[str, str] = field(default_factory=dict)
    says: str = ""
    act: Callable[[], object] | None = None

    def fits(self, method: str, path: str) -> bool:
        return self.times > 0 and method == self.method and re.search(self.path, path) is not None


@dataclass
class Commit:
    id: str
    title: str
    message: str
    files: dict[str, bytes | str]  # small ones as they are, large ones by their SHA-256


@dataclass
class Repository:
    private: bool
    commits: list[Commit] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)

    def at(self, revision: str) -> Commit | None:
        revision = self.tags.get(revision, revision)
        if revision == "main":
            return self.commits[-1]
        return next((one for one in self.commits if one.id == revision), None)

    def commit(self, title: str, message: str, files: dict[str, bytes | str]) -> Commit:
        named = f"{len(self.commits)} {title} {message} {sorted(files)}"
        made = Commit(hashlib.sha1(named.encode()).hexdigest(), title, message, files)
        self.commits.append(made)
        return made


def blob_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def oid_of(held: bytes | str) -> str:
    return held if isinstance(held, str) else blob_id(held)
