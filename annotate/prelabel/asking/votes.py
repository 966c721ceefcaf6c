"""Several answers of one judge to one question, and the rules that make one verdict of them.

Votes of one judge are not independent: it errs where it erred before. Their shares say how steady the judge is, not
how often it is right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Literal, TypeVar

from annotate.prelabel.asking.choices import Unread
from annotate.prelabel.contracts import Completion

T = TypeVar("T")

Merge = Literal["majority", "intersection", "union", "first"]
Decision = Literal["good", "bad", "split"]


@dataclass(frozen=True, slots=True)
class Vote(Generic[T]):
    """A sample that could be read: its number among the samples of its question, its text, and what it says."""

    sample: int
    text: str
    said: T
    model: str = ""


@dataclass(frozen=True, slots=True)
class Ballots(Generic[T]):
    """``unread`` are (sample, reason): such a sample is no vote for anything."""

    votes: tuple[Vote[T], ...]
    unread: tuple[tuple[int, str], ...]
    noun: str

    @property
    def cast(self) -> int:
        """How many samples there are, read or not."""
        return len(self.votes) + len(self.unread)

    def shortfall(self, least: int) -> str:
        """Why these are too few votes, empty where at least ``least`` could be read."""
        if len(self.votes) >= max(least, 1):
            return ""
        if self.cast == 0:
            return f"the backend returned no {self.noun}"
        if self.cast == 1 and self.unread:
            return self.unread[0][1]
        counted = Counter(reason for _, reason in self.unread)
        why = "; ".join(f"{reason} ({count})" for reason, count in counted.most_common())
        read = f"{len(self.votes)} of {self.cast} could be read, {least} are needed"
        return f"{read}: {why}" if why else read

    def counted(self, merge: Merge) -> Ballots[T]:
        """The ballots that ``merge`` looks at: all, or the first that could be read."""
        return replace(self, votes=self.votes[:1]) if merge == "first" else self

    def unread_evidence(self) -> list[dict[str, object]]:
        return [{"sample": sample, "unread": reason} for sample, reason in self.unread]


def read_votes(
    completions: Sequence[Completion], read: Callable[[str], T], noun: str = "critique"
) -> Ballots[T]:
    """Read every sample with ``read``, which raises Unread for what is not an answer in the agreed form.

    Only a finished completion is read. ``noun`` is what the owner is told a sample is.
    """
    votes: list[Vote[T]] = []
    unread: list[tuple[int, str]] = []
    for sample, completion in enumerate(completions):
        try:
            said = read(_finished(completion, noun))
        except Unread as error:
            unread.append((sample, str(error)))
        else:
            votes.append(Vote(sample, completion.text, said, completion.model))
    return Ballots(tuple(votes), tuple(unread), noun)


def decide(good: int, bad: int, votes: int, merge: Merge) -> Decision:
    """What ``votes`` readable votes say about one step that ``good`` of them call good and ``bad`` of them bad.

    Bad by CAPO's rules (arXiv 2508.02298): all of the votes say so (intersection), at least half (majority), any
    (union). CAPO counts every other step as right; here it takes more than half of the votes, and what has neither is
    ``split``. Votes that say nothing about the step count against both. ``first`` expects the one vote that decides.
    """
    if votes < 1 or good < 0 or bad < 0 or good + bad > votes:
        raise ValueError(f"{good} good and {bad} bad of {votes} votes")
    needed = {"intersection": votes, "majority": (votes + 1) // 2, "union": 1, "first": 1}[merge]
    if bad >= needed:
        return "bad"
    return "good" if 2 * good > votes else "split"


def strict_majority(good: int, bad: int) -> Decision:
    """What more than half of those that speak say; a tie, or nobody, is ``split``."""
    if good == bad:
        return "split"
    return "good" if good > bad else "bad"


def _finished(completion: Completion, noun: str) -> str:
    if completion.finish_reason == "length":
        raise Unread(f"the {noun} was cut off")
    if completion.finish_reason != "stop":
        raise Unread(completion.error or f"the {noun} ended with {completion.finish_reason}")
    return completion.text
