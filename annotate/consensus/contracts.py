"""What a policy is given and what it answers. No database, no request: plain frozen values.

A policy reads the labels on every step of one trace and returns one :class:`Decision` per step. A step nobody
labelled has no votes; that is unknown, and no policy may read it as right or wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from annotate.enums import Action, RaterKind


@dataclass(frozen=True, slots=True)
class Tally:
    """What a rollout label was made of: ``hits`` of ``known`` completions from here on were right.

    ``pass_hits`` of ``pass_known`` are attempts at the bare problem; none were made where ``pass_known`` is 0.
    """

    hits: int
    known: int
    pass_hits: int = 0
    pass_known: int = 0


@dataclass(frozen=True, slots=True)
class Critique:
    """One of several answers that a judge's label was made of; those that could not be read are not here.

    It speaks of the whole trace by its ``first_error`` (-1: none), or of the labelled step alone by the level it
    ``says``, empty where it leaves the step open.
    """

    sample: int
    says: str = ""
    first_error: int | None = None


@dataclass(frozen=True, slots=True)
class Vote:
    """One counted label.

    ``probability`` is the rater's own for ``value``, where it gave one, calibrated where that was measured. ``tally``
    and ``critiques`` are read only for policies that ask for them.
    """

    label: int
    rater: int
    kind: RaterKind
    criterion: str
    value: str
    probability: float | None = None
    tally: Tally | None = None
    critiques: tuple[Critique, ...] = ()


@dataclass(frozen=True, slots=True)
class SetAside:
    """A label that does not count because its rater is not trusted in this project, with the reason."""

    label: int
    rater: int
    name: str
    kind: RaterKind
    criterion: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name} is below the project's gate ({self.reason})"


@dataclass(frozen=True, slots=True)
class Ruling:
    """A reviewer's decision by the criterion to decide: the label that holds it, its level and its reason."""

    label: int
    value: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class StepEvidence:
    """``set_aside`` is for saying why a vote is missing; no policy may count it.

    ``ruling`` stands whatever the votes are, and is none of them. A policy need not look at it for the step itself
    (:mod:`annotate.consensus.rulings` sees to that), only where one step bears on another.
    """

    step: int
    votes: tuple[Vote, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    ruling: Ruling | None = None


@dataclass(frozen=True, slots=True)
class TraceEvidence:
    """The steps of one trace in order, with their votes; ``outcome`` None: the answer was never graded."""

    trace: int
    criterion: str
    steps: tuple[StepEvidence, ...]
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What should happen to one step. ``spoke`` holds the ids of the labels the policy read to say so.

    ``tier``, ``risk`` (that the most probable level is wrong) and ``p_correct`` (a soft target) come from policies
    whose model gives them for every step, kept or not.
    """

    action: Action
    value: str
    reason: str
    explanation: str
    spoke: tuple[int, ...] = ()
    probability: float | None = None
    tier: str = ""
    risk: float | None = None
    p_correct: float | None = None


@dataclass(frozen=True, slots=True)
class Voter:
    """A rater with labels by the criteria at hand. Raters of one ``family`` have one base model and may err alike."""

    rater: int
    name: str
    kind: RaterKind
    criteria: frozenset[str]
    family: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """A word a policy gives for its decisions, and the title people read."""

    key: str
    title: str
    action: Action


# Shared by the policies that listen to judges: a label was there, and the judge is not trusted.
NOT_TRUSTED = Reason("judge_not_trusted", "The judge is below the project's gate", Action.ASK)


@dataclass(frozen=True, slots=True)
class Question:
    """The criterion to decide: its ``levels``, lowest first where they are ``ordered``, without *unsure*."""

    key: str
    levels: tuple[str, ...]
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class GoldReading:
    """What a rater said of a step whose answer is known, and that answer. Gold and exam readings are among them."""

    rater: int
    step: int
    said: str
    right: str


@dataclass(frozen=True, slots=True)
class Material:
    """What a policy may learn from before it decides. ``evidence`` begins anew, trace by trace, with every call."""

    question: Question
    voters: Sequence[Voter]
    gold: tuple[GoldReading, ...]
    evidence: Callable[[], Iterable[TraceEvidence]]


Decide = Callable[[TraceEvidence], tuple[Decision, ...]]
DecideMany = Callable[[Sequence[TraceEvidence]], list[tuple[Decision, ...]]]


@dataclass(frozen=True, slots=True)
class Kept:
    """What a run keeps of what its policy has learned: ``fit`` as JSON, whose raters are ``raters`` in this order.

    ``assumed`` is what was taken for granted because the labels could not tell, ``summary`` a few plain facts.
    """

    summary: Mapping[str, Any]
    raters: tuple[int, ...] = ()
    fit: Mapping[str, Any] = field(default_factory=dict)
    assumed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """A named rule.

    ``settings`` is a frozen dataclass with defaults. ``bind`` takes its instance, the criterion to decide and
    the voters there are, raises ``Rejected`` when the settings do not settle who is meant, and returns the rule
    itself. ``reasons`` are in the order of the funnel. ``version`` rises whenever the same labels could be
    decided differently than before. ``also_reads`` names criteria besides the decided one, ``usual_criterion`` the one
    that is decided where none is named. ``reads_details`` asks for what rollouts and judges made their labels of.

    A policy that has to see all traces first has a ``prepare``. What it learns is ``bind``'s fourth argument; it should
    be small (a number per rater and level, nothing per step), because traces are read as they go by. ``keep`` says what
    of it the run keeps. ``could_read`` names criteria that are read where the rubric asks them. ``bind_many`` is the
    same rule for many traces at once, for policies to which each alone would be dear.
    """

    name: str
    version: int
    title: str
    settings: type
    reasons: tuple[Reason, ...]
    bind: Callable[..., Decide]
    also_reads: Callable[[Any], tuple[str, ...]] = lambda settings: ()
    usual_criterion: str = "verdict"
    reads_details: bool = False
    prepare: Callable[[Any, Material], Any] | None = None
    could_read: Callable[[Any], tuple[str, ...]] = lambda settings: ()
    bind_many: Callable[..., DecideMany] | None = None
    keep: Callable[[Any], Kept] | None = None
