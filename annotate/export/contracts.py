"""What a format is given and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from django.utils.translation import gettext_lazy

from annotate.consensus.funnel import FunnelRow
from annotate.consensus.preferences import Verdict, Votes
from annotate.enums import Action, Tier
from annotate.errors import Rejected
from annotate.models import Criterion, Project, Run
from annotate.settings import require

# Where a row belongs. Everything is for training unless a release is told to hold something back.
TRAIN, VALIDATION, TEST = "train", "validation", "test"


# What settings are grouped under in the form. A format's own come first, under no word of these.
ABOUT = gettext_lazy("About the data set")
SPLITS = gettext_lazy("Splits and benchmarks")
CHOICE = gettext_lazy("Which traces, and what their steps weigh")


def setting(default: Any, told: Any, group: Any = "") -> Any:
    """A field of settings with the sentence that stands beside it in the form, and the group it stands in."""
    return field(default=default, metadata={"help": told, "group": group})


@dataclass(frozen=True, slots=True)
class RaterRow:
    """A rater under the name it is published by; ``labels`` counts those of its labels that spoke."""

    pk: int
    name: str
    own_name: str
    kind: str
    is_simulated: bool
    labels: int


# An export makes one of these per step and per label: named tuples take a fifth of a frozen dataclass's time to make,
# and ``zip`` turns many of them into columns.
class VoteRow(NamedTuple):
    rater: RaterRow
    criterion: str
    value: str
    score: float | None
    text: str = ""
    seconds: float | None = None


class StepRow(NamedTuple):
    """``text`` is the step as the model emitted it, ``body`` the same without the separator that ends it.

    ``value`` is empty where nothing was decided. ``probability`` is that of ``value``, or of the likeliest level
    where none was kept. ``weight`` None: the release weighs nothing. ``tier``, ``risk`` and ``p_correct``, the soft
    target of every step, are there where the policy has a model of every step.
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
    explanation: str = ""
    meta: Mapping[str, Any] = {}
    weight: float | None = None
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
    pk: int = 0
    reference_answer: str | None = None
    reference_solution: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    problem_meta: Mapping[str, Any] = field(default_factory=dict)
    split: str = TRAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSettings:
    """What every format can be told; a format's own settings add to these.

    ``people`` says who the people were in the words of Hugging Face's card ("other" claims nothing).
    """

    licence: str = setting("unknown", gettext_lazy("An identifier such as cc-by-4.0."), ABOUT)
    source_licences: tuple[str, ...] = setting(
        (),
        gettext_lazy("Where the problems and traces come from and under what licence, such as GSM8K: MIT."),
        ABOUT,
    )
    people: Literal["other", "expert-generated", "crowdsourced"] = setting(
        "other", gettext_lazy("Who the people were."), ABOUT
    )
    is_anonymous: bool = setting(True, gettext_lazy("People are called person-001 and so on."), ABOUT)
    creator: str = setting("", gettext_lazy("Who publishes the data set; empty: the project's name."), ABOUT)
    homepage: str = setting("", gettext_lazy("Where the data set is found, if that is known."), ABOUT)

    def __post_init__(self) -> None:
        require(len(self.creator) <= 200, "creator", "has at most 200 characters.")
        is_address = not self.homepage or self.homepage.startswith(("https://", "http://"))
        require(is_address, "homepage", "must begin with https:// or http://.")
        if not self.licence or not all(part.isalnum() for part in self.licence.replace(".", "-").split("-")):
            raise Rejected("must be an identifier such as cc-by-4.0, or unknown.", field="licence")


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitSettings(ExportSettings):
    """Which problems are held back, and which are known from elsewhere. A problem is in one split with all its traces.

    ``benchmarks`` names lists of n-gram hashes made by ``manage.py hashes``. A problem is *known from* one when its
    text holds at least ``contamination_share`` of the n-grams of one of the list's problems.
    """

    validation_share: float = setting(
        0.0, gettext_lazy("Share of the problems held back for validation."), SPLITS
    )
    test_share: float = setting(0.0, gettext_lazy("Share of the problems held back for testing."), SPLITS)
    seed: int = setting(0, gettext_lazy("Another seed, other splits; the same seed, the same ones."), SPLITS)
    keeps_alike_together: bool = setting(
        True,
        gettext_lazy(
            "Problems that are nearly the same go into the same split, system prompts and templates aside."
        ),
        SPLITS,
    )
    similarity: float = setting(
        0.8, gettext_lazy("From which share of common word sequences two texts are nearly the same."), SPLITS
    )
    benchmarks: tuple[str, ...] = setting(
        (), gettext_lazy("Hash lists of benchmarks whose problems must not be in here."), SPLITS
    )
    contamination_share: float = setting(
        0.5,
        gettext_lazy(
            "From which share of a benchmark problem's word sequences it is known in a problem here."
        ),
        SPLITS,
    )
    contaminated: Literal["drop", "report"] = setting(
        "drop", gettext_lazy("What to do with such problems."), SPLITS
    )

    def __post_init__(self) -> None:
        ExportSettings.__post_init__(self)
        for name in ("validation_share", "test_share"):
            require(0 <= getattr(self, name) < 1, name, "must be at least 0 and below 1.")
        require(self.validation_share + self.test_share < 1, "test_share", "leaves nothing to train on.")
        require(0.3 <= self.similarity <= 1, "similarity", "must be from 0.3 to 1.")
        require(0 < self.contamination_share <= 1, "contamination_share", "must be above 0 and at most 1.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectSettings(SplitSettings):
    """Which traces of a consensus are written, and what their steps weigh.

    Validation and test are neither capped nor balanced: they show what training does not look like.
    """

    tiers: tuple[str, ...] = setting(
        (),
        gettext_lazy(
            "Steps of these tiers, such as A and B, where the policy gives any; none: whatever was kept."
        ),
        CHOICE,
    )
    duplicates: Literal["keep", "drop"] = setting(
        "keep",
        gettext_lazy(
            "Traces that are nearly the same as an earlier one of their problem, with the same numbers and labels."
        ),
        CHOICE,
    )
    max_per_problem: int = setting(
        0, gettext_lazy("At most so many traces of one problem are for training; 0: all."), CHOICE
    )
    balance: Literal["off", "errors"] = setting(
        "off",
        gettext_lazy("errors: as many traces without a bad step as with one, of those for training."),
        CHOICE,
    )
    weighting: Literal["none", "agreement", "balanced"] = setting(
        "none",
        gettext_lazy(
            "agreement: the share of the votes that say what was decided; balanced: rare levels weigh more."
        ),
        CHOICE,
    )

    def __post_init__(self) -> None:
        SplitSettings.__post_init__(self)
        if set(self.tiers) - set(Tier.values):
            raise Rejected(f"must be among {', '.join(Tier.values)}.", field="tiers")
        require(self.max_per_problem >= 0, "max_per_problem", "must be at least 0.")


@dataclass(frozen=True, slots=True)
class Split:
    """One file of the data set as the card declares it: a table (``config``) may have several, in several splits."""

    config: str
    path: str
    is_default: bool = False
    name: str = TRAIN


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
class SaidRow:
    """A label as it stands: about the step at ``position``, the candidate ``candidate`` of it, or the whole trace."""

    pk: int
    rater: RaterRow
    criterion: Criterion
    position: int | None
    candidate: int | None
    value: str
    text: str
    score: float | None
    seconds: float | None
    distribution: Mapping[str, Any] | None
    has_seen_prelabels: bool


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """A text about the step at ``position``; ``source`` is who or what it came from, empty where unknown."""

    pk: int
    position: int
    kind: str
    number: int
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """A trace with everything that is said about it. Its steps carry no decision."""

    trace: TraceRow
    said: tuple[SaidRow, ...]
    candidates: tuple[CandidateRow, ...]


@dataclass(frozen=True, slots=True)
class LabelSource:
    """What a format of labels reads: those on traces by one rubric, up to the label ``upto``."""

    project: Project
    criteria: tuple[Criterion, ...]
    upto: int
    raters: tuple[RaterRow, ...]
    rows: Callable[[], Iterator[LabelledRow]]


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """Two texts that follow ``prompt``, and who said which is better: 1 the left, -1 the right, 0 neither, None unsure.

    ``source``: they were compared as a pair, or stood in an order of several. ``ruling`` is what a reviewer decided.
    """

    name: str
    source: Literal["pair", "ranking"]
    problem: str
    prompt: str
    left: str
    right: str
    votes: Votes
    said: tuple[tuple[RaterRow, int | None], ...]
    split: str = TRAIN
    ruling: Verdict | None = None


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

    ``reads`` says what: a consensus run, what people have compared in a project, or its labels. ``check`` refuses the
    run, or the project, or settings the format cannot say, before anything is written. ``write`` writes a
    :class:`Source`, a :class:`ComparedSource` or a :class:`LabelSource` below the folder it is given. ``task`` is the
    card's task category, ``limits`` sentences a reader of the data must know. ``version`` rises when a reader of the
    files would have to change. ``holds_weights``: its rows have room for what a step weighs. ``reads_meta``: it
    writes what else came with steps, or some of it. ``tiers`` are those whose steps it can write: the last two have no
    level.
    """

    name: str
    version: int
    title: str
    settings: type[ExportSettings]
    check: Callable[[Any, Any], None]
    write: Callable[[Any, Path, Any], Written]
    task: str
    limits: Callable[[Any], tuple[str, ...]]
    reads: Literal["consensus", "comparisons", "labels"] = "consensus"
    holds_weights: bool = False
    tiers: tuple[str, ...] = (Tier.A, Tier.B)
    reads_meta: bool = False
