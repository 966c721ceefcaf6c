"""What a format is given and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from annotate.consensus.funnel import FunnelRow
from annotate.consensus.preferences import Votes
from annotate.enums import Action
from annotate.errors import Rejected
from annotate.models import Criterion, Run


@dataclass(frozen=True, slots=True)
class RaterRow:
    """A rater under the name it is published by; ``labels`` counts those of its labels that spoke."""

    pk: int
    name: str
    own_name: str
    kind: str
    is_simulated: bool
    labels: int


@dataclass(frozen=True, slots=True)
class VoteRow:
    rater: RaterRow
    criterion: str
    value: str
    score: float | None


@dataclass(frozen=True, slots=True)
class StepRow:
    """``text`` is the step as the model emitted it, ``body`` the same without the separator that ends it.

    ``p_correct`` is a soft target, there where the policy has a model of every step.
    """

    position: int
    kind: str
    text: str
    body: str
    action: Action
    value: str
    probability: float | None
    reason: str
    votes: tuple[VoteRow, ...]
    tier: str = ""
    risk: float | None = None
    p_correct: float | None = None


@dataclass(frozen=True, slots=True)
class TraceRow:
    trace: str
    problem: str
    problem_text: str
    source_model: str
    outcome: str | None
    steps: tuple[StepRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSettings:
    """What every format can be told; a format's own settings add to these.

    ``people`` says who the people were in the words of Hugging Face's card ("other" claims nothing).
    """

    licence: str = "unknown"
    people: Literal["other", "expert-generated", "crowdsourced"] = "other"
    is_anonymous: bool = True

    def __post_init__(self) -> None:
        if not self.licence or not all(part.isalnum() for part in self.licence.replace(".", "-").split("-")):
            raise Rejected("must be an identifier such as cc-by-4.0, or unknown.", field="licence")


@dataclass(frozen=True, slots=True)
class Split:
    """One table of the data set as the card declares it."""

    config: str
    path: str
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """What a format wrote: its tables, the rows of the default one, plain counts, and what it lost on the way."""

    splits: tuple[Split, ...]
    rows: int
    counts: dict[str, int] = field(default_factory=dict)
    funnel: tuple[FunnelRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """What a format reads. ``traces`` streams anew at every call."""

    run: Run
    raters: tuple[RaterRow, ...]
    traces: Callable[[], Iterator[TraceRow]]


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """Two texts that follow ``prompt``, and who said which is better: 1 the left, -1 the right, 0 neither, None unsure.

    ``source``: they were compared as a pair, or stood in an order of several.
    """

    name: str
    source: Literal["pair", "ranking"]
    problem: str
    prompt: str
    left: str
    right: str
    votes: Votes
    said: tuple[tuple[RaterRow, int | None], ...]


@dataclass(frozen=True, slots=True)
class ComparedSource:
    """What a format of preferences reads: people's answers to one question, up to the label ``upto``."""

    criterion: Criterion
    upto: int
    raters: tuple[RaterRow, ...]
    rows: Callable[[], Iterator[ComparedRow]]


@dataclass(frozen=True, slots=True)
class Format:
    """A named way to write a release.

    ``reads`` says what: a consensus run, or what people have compared in a project. ``check`` refuses the run, or the
    project, or settings the format cannot say, before anything is written. ``write`` writes a :class:`Source`, or a
    :class:`ComparedSource`, below the folder it is given. ``task`` is the card's task category, ``limits`` sentences a
    reader of the data must know. ``version`` rises when a reader of the files would have to change.
    """

    name: str
    version: int
    title: str
    settings: type[ExportSettings]
    check: Callable[[Any, Any], None]
    write: Callable[[Any, Path, Any], Written]
    task: str
    limits: Callable[[Any], tuple[str, ...]]
    reads: Literal["consensus", "comparisons"] = "consensus"
