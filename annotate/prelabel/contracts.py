"""What strategies, the driver and backends say to each other.

A strategy is a pure generator over these types::

    def scan(task: TraceTask, settings: ScanSettings) -> Strategy: ...

It yields batches of :class:`Request` (the batch is answered as one), is sent the
:class:`Completion` lists in the same order, and returns a :class:`Finding`. It opens no
socket, touches no database and draws no random number, so replaying stored
completions replays its decisions exactly.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

FinishReason = Literal["stop", "length", "refused", "timeout", "error"]
ChoiceSource = Literal["", "typed", "tokens"]


@dataclass(frozen=True, slots=True)
class Sampling:
    """Every knob is always sent: servers fill unset ones from the model's own defaults."""

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    max_tokens: int = 256
    stop: tuple[str, ...] = ()
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Request:
    """One prompt and how often to continue it.

    A final assistant message is a prefix to be continued, not a finished turn.
    ``score`` asks for the log-probabilities of that text, appended to the prefix, instead of
    (``n`` = 0) or besides new text. ``choices`` asks how probable each of these short texts is as what is said next;
    a backend that cannot tell draws ``n`` texts instead. ``player`` names which of the run's backends is asked, ""
    being the one the run was opened with. ``about`` is the step position the request speaks of and ``purpose`` a word
    for people who read the evidence; neither changes the answer, so neither is in the digest.
    """

    messages: tuple[Message, ...]
    n: int = 1
    sampling: Sampling = field(default_factory=Sampling)
    score: str = ""
    choices: tuple[str, ...] = ()
    player: str = ""
    about: int | None = None
    purpose: str = ""

    @property
    def digest(self) -> str:
        """Identity of the question asked: SHA-256 over everything that shapes the answer but ``n``.

        ``n`` is left out so that a wave of two followed by a wave of four reads as samples 0–5 of one question.
        Whether it is 0 is kept: scoring a text and continuing it are two questions.
        """
        # Spelled out: dataclasses.asdict took three quarters of a fast backend's time here.
        knobs = self.sampling
        shape: dict[str, Any] = {
            "messages": [[message.role, message.content] for message in self.messages],
            "temperature": knobs.temperature,
            "top_p": knobs.top_p,
            "top_k": knobs.top_k,
            "max_tokens": knobs.max_tokens,
            "stop": knobs.stop,
            "seed": knobs.seed,
            "score": self.score,
            "is_continued": self.n > 0,
        }
        # Only where they say something: what was stored before they existed keeps its name.
        if self.choices:
            shape["choices"] = self.choices
        if self.player:
            shape["player"] = self.player
        return hashlib.sha256(json.dumps(shape, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class TokenScore:
    """One scored token of ``Request.score``: natural-log probabilities and its character span in that text.

    Tokens that are bytes of one character each have a place within it, of which some may be empty.
    """

    start: int
    end: int
    logprob: float
    best_logprob: float


@dataclass(frozen=True, slots=True)
class Completion:
    """What came back for one sample. Text is the continuation alone, never the prompt.

    Token counts add up to what was paid: the prompt of a request drawn ``n`` times is counted on one of its samples.
    ``choices`` holds, for each of ``Request.choices`` the backend could read, the natural logarithm of its
    probability under the unmodified model; what it could not read is absent, never minus infinity. Their
    probabilities add up to less than 1 where the model wanted to say something else. ``choice_source`` says how they
    were read: ``typed`` (the server's own question call), ``tokens`` (next-token log-probabilities) or, with nothing
    read, empty. ``model``, ``revision`` and ``server`` say who answered; ``seed`` is the one this sample was drawn
    with, None where the backend has no such thing; ``cost`` is in US dollars, None where nobody stated a price.
    """

    text: str
    finish_reason: FinishReason
    sample: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    logprob: float | None = None
    scores: tuple[TokenScore, ...] = ()
    choices: Mapping[str, float] = field(default_factory=dict)
    choice_source: ChoiceSource = ""
    model: str = ""
    revision: str = ""
    server: str = ""
    seed: int | None = None
    cost: float | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A completion with the question it answers; ``unit`` is the unit that asked first."""

    unit: int
    request: Request
    digest: str
    completion: Completion


@dataclass(frozen=True, slots=True)
class StepTask:
    """``kind`` is a value of ``annotate.enums.StepKind``; ``meta`` is what a tool call or its result brought along."""

    position: int
    text: str
    kind: str = "thought"
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LevelTask:
    """One allowed answer. ``score`` places it on a number line; None keeps it off (unsure)."""

    key: str
    title: str
    description: str = ""
    score: float | None = None


@dataclass(frozen=True, slots=True)
class CriterionTask:
    """One question of the project's rubric; ``scope`` and ``kind`` are values of the enums of those names."""

    key: str
    title: str
    description: str = ""
    scope: str = "step"
    kind: str = "verdict"
    weight: float = 1.0
    levels: tuple[LevelTask, ...] = ()


@dataclass(frozen=True, slots=True)
class TraceTask:
    """What a strategy may know about a trace.

    ``criterion`` is the one the run labels, ``criteria`` are all of its rubric. ``outcome`` is the stored grade of
    the trace's final answer (a value of ``annotate.enums.Outcome``), None where nobody graded it.
    ``first_error_hint`` is what the rater named in the run's setting ``hint_rater`` says about the place of the first
    error: -1 none, else an index into ``steps``; None when it says nothing. ``places`` are the positions that the run's
    setting of that name chooses here. ``meta`` merges the problem's and the trace's own.
    """

    problem: str
    steps: tuple[StepTask, ...]
    reference_answer: str | None = None
    reference_solution: str | None = None
    outcome: str | None = None
    criterion: CriterionTask | None = None
    criteria: tuple[CriterionTask, ...] = ()
    first_error_hint: int | None = None
    places: frozenset[int] = frozenset()
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PairTask:
    """Two traces of one problem, or two alternatives for the step that follows ``prefix``.

    The outcomes are the stored grades of the two traces' final answers, as in ``TraceTask``; steps have none.
    ``preference_hint`` is the level that the rater named in the run's setting ``hint_rater`` gave the pair.
    """

    problem: str
    left: str
    right: str
    prefix: str = ""
    reference_answer: str | None = None
    criterion: CriterionTask | None = None
    left_outcome: str | None = None
    right_outcome: str | None = None
    preference_hint: str | None = None


Task = TraceTask | PairTask


@dataclass(frozen=True, slots=True)
class Opinion:
    """A label in the making. ``value`` is a level key of its criterion.

    ``position`` None speaks of the whole trace or pair. ``criterion`` empty means the one the run labels, else it is
    the key of another of the same rubric. ``distribution`` maps level keys to probabilities.
    """

    position: int | None
    value: str
    score: float | None = None
    distribution: Mapping[str, float] | None = None
    text: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    criterion: str = ""


@dataclass(frozen=True, slots=True)
class Silence:
    """A place where the strategy looked and has nothing to say, with the reason. It becomes no label."""

    position: int | None
    reason: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """All a strategy says about one trace, plus totals worth showing."""

    opinions: tuple[Opinion, ...] = ()
    silences: tuple[Silence, ...] = ()
    summary: Mapping[str, Any] = field(default_factory=dict)


Strategy = Generator[Sequence[Request], Sequence[Sequence[Completion]], Finding]


@dataclass(frozen=True, slots=True)
class Appetite:
    """How a backend wants its work: up to ``calls`` calls at once, each of at most ``samples`` samples.

    ``requests`` is the most requests of a call, 0 where it does not matter how the samples are shared out.
    """

    calls: int = 1
    samples: int = 64
    requests: int = 0


class Backend(Protocol):
    """A place that answers requests. Implementations live in ``workers.backends``.

    With an appetite for several calls it is called from several threads.
    """

    name: str

    @property
    def appetite(self) -> Appetite: ...

    def answer(self, requests: Sequence[tuple[Request, Sequence[int]]]) -> list[list[Completion]]:
        """Answer each request for the given sample numbers, in order.

        Sample ``i`` of a request depends on its digest, its seed and ``i`` alone, never on what else is in the
        batch. Raises ``BackendError`` when the whole batch failed; one failed sample is a Completion whose
        ``finish_reason`` is ``error`` or ``timeout``.
        """
        ...

    def close(self) -> None: ...
