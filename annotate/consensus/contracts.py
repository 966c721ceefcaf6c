"""What a policy is given and what it answers. No database, no request: plain frozen values.

A policy reads the labels on every step of one trace and returns one :class:`Decision` per step. A step nobody
labelled has no votes; that is unknown, and no policy may read it as right or wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from annotate.enums import Action, RaterKind


@dataclass(frozen=True, slots=True)
class Vote:
    """One counted label.

    ``probability`` is the rater's own for ``value``, where it gave one, calibrated where that was measured.
    """

    label: int
    rater: int
    kind: RaterKind
    criterion: str
    value: str
    probability: float | None = None


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
    """What should happen to one step. ``spoke`` holds the ids of the labels the policy read to say so."""

    action: Action
    value: str
    reason: str
    explanation: str
    spoke: tuple[int, ...] = ()
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Voter:
    """A rater that has labels by the criteria at hand."""

    rater: int
    name: str
    kind: RaterKind
    criteria: frozenset[str]


@dataclass(frozen=True, slots=True)
class Reason:
    """A word a policy gives for its decisions, and the title people read."""

    key: str
    title: str
    action: Action


# Shared by the policies that listen to judges: a label was there, and the judge is not trusted.
NOT_TRUSTED = Reason("judge_not_trusted", "The judge is below the project's gate", Action.ASK)

Decide = Callable[[TraceEvidence], tuple[Decision, ...]]


@dataclass(frozen=True, slots=True)
class Policy:
    """A named rule.

    ``settings`` is a frozen dataclass with defaults. ``bind`` takes its instance, the criterion to decide and
    the voters there are, raises ``Rejected`` when the settings do not settle who is meant, and returns the rule
    itself. ``reasons`` are in the order of the funnel. ``version`` rises whenever the same labels could be
    decided differently than before. ``also_reads`` names criteria besides the decided one.
    """

    name: str
    version: int
    title: str
    settings: type
    reasons: tuple[Reason, ...]
    bind: Callable[[Any, str, Sequence[Voter]], Decide]
    also_reads: Callable[[Any], tuple[str, ...]] = lambda settings: ()
