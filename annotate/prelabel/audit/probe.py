"""One question of an audit, what it is made from, and the answers it can get."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from annotate.prelabel.contracts import Finding, Task

Outcome = Literal["held", "failed", "unread", "n/a"]


@dataclass(frozen=True, slots=True)
class Result:
    """What a probe showed.

    ``unread``: the judge gave no verdict where one was needed, which is neither. ``n/a``: the question does not arise
    here. ``why`` is the reason, or for a failure what was wanted and what came.
    """

    outcome: Outcome
    why: str = ""


HELD = Result("held")
# Takes what the judge said of the task as it is, and of the changed one, as the subject reads it.
Check = Callable[[Any, Any], Result]


@dataclass(frozen=True, slots=True)
class Probe:
    """``check`` compares the judge's reading of what is judged as it is with that of ``task``.

    ``variant`` tells questions of one family apart, ``shown`` is the text that people see beside a failure.
    ``settings`` replace some of the judge's own.
    """

    variant: str
    task: Task
    check: Check
    shown: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Skipped:
    """The family has no question here, for this reason."""

    why: str


Questions = Iterator[Probe | Skipped]


class Subject(ABC):
    """What a family makes its questions from: a trace or a pair, what is known of it, and the judge's settings."""

    __slots__ = ()
    settings: Mapping[str, Any]
    votes: int

    @property
    @abstractmethod
    def plain(self) -> Task:
        """What judges see under audit: the task as it is, without what is known of it."""

    @property
    @abstractmethod
    def flaw(self) -> str:
        """Why nothing can be asked about it; empty where something can."""

    @property
    @abstractmethod
    def texts(self) -> tuple[str, ...]:
        """All that is judged."""

    @abstractmethod
    def read(self, finding: Finding) -> Any:
        """What the judge said, in the terms of the checks."""

    @abstractmethod
    def unmoved(self) -> Check:
        """The check that the same is said again."""

    def pick(self, salt: str, n: int) -> int:
        """A number below ``n`` that depends on what is judged and ``salt`` alone."""
        text = "\0".join((salt, self.plain.problem, *self.texts))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) % n
