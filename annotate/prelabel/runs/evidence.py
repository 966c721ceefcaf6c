"""What machines say about a trace or a pair, with their evidence, and where they are silent and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from annotate.enums import RaterKind, UnitState
from annotate.ingest.layouts import place_now
from annotate.models import Label, Pair, Trace, Unit
from annotate.models.label import LabelQuerySet
from annotate.prelabel.audit.entry import AUDIT

_MACHINES = (RaterKind.JUDGE, RaterKind.ROLLOUT, RaterKind.VERIFIER, RaterKind.PROBE)


@dataclass(frozen=True, slots=True)
class Signal:
    """What one machine rater says about one place, or, with ``value`` None, why it says nothing there."""

    rater: str
    kind: str
    criterion: str
    run_id: int | None
    value: str | None
    reason: str = ""
    score: float | None = None
    distribution: dict[str, float] | None = None
    text: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)

    @property
    def probability(self) -> float | None:
        """How sure the machine is of its own value; None where it gave no distribution."""
        return (self.distribution or {}).get(self.value or "")


@dataclass(frozen=True, slots=True)
class StepEvidence:
    """Every machine's word on one step; ``position`` None is the trace or the pair as a whole."""

    position: int | None
    signals: tuple[Signal, ...]


def evidence_of(about: Trace | Pair) -> list[StepEvidence]:
    """The machines' labels and silences: on the whole first, then, for a trace, step by step."""
    places: dict[int | None, list[Signal]] = {None: []}
    if isinstance(about, Trace):
        places.update((step.position, []) for step in about.steps.all())
    for position, signal in [*_spoken(about), *_silent(about)]:
        places.setdefault(position, []).append(signal)
    return [
        StepEvidence(position, tuple(sorted(signals, key=lambda one: (one.kind, one.rater, one.criterion))))
        for position, signals in places.items()
    ]


def _spoken(about: Trace | Pair) -> list[tuple[int | None, Signal]]:
    labels = _said_of(about).live().filter(rater__kind__in=_MACHINES)
    return [
        (
            label.step.position if label.step else None,
            signal_of(label),
        )
        for label in labels.select_related("rater", "criterion", "step")
    ]


def _said_of(about: Trace | Pair) -> LabelQuerySet:
    if isinstance(about, Pair):
        return Label.objects.filter(pair=about)
    return Label.objects.about(about).filter(candidate=None)


def signal_of(label: Label) -> Signal:
    """A machine's label as its word."""
    return Signal(
        rater=label.rater.name,
        kind=label.rater.kind,
        criterion=label.criterion.key,
        run_id=label.run_id,
        value=label.value,
        score=label.score,
        distribution=label.distribution,
        text=label.text,
        evidence=label.evidence,
    )


def _silent(about: Trace | Pair) -> list[tuple[int | None, Signal]]:
    """The silences of each rater's newest finished look at it."""
    newest: dict[tuple[int | None, int], Unit] = {}
    here = Q(pair=about) if isinstance(about, Pair) else Q(trace=about)
    units = Unit.objects.filter(here, state=UnitState.DONE, run__rater__isnull=False).exclude(run__name=AUDIT)
    for unit in units.select_related("run__rater", "run__criterion").order_by("run_id"):
        newest[unit.run.rater_id, unit.run.criterion_id] = unit
    found: list[tuple[int | None, Signal]] = []
    for unit in newest.values():
        places = _places_of(unit, about)
        rater = unit.run.rater
        assert rater is not None
        for silence in unit.findings.get("silences", ()):
            signal = Signal(
                rater=rater.name,
                kind=rater.kind,
                criterion=unit.run.criterion.key,
                run_id=unit.run_id,
                value=None,
                reason=silence["reason"],
                evidence=silence["evidence"],
            )
            position = silence["position"]
            if position is None or position in places:
                found.append((None if position is None else places[position], signal))
    return found


def _places_of(unit: Unit, about: Trace | Pair) -> dict[int, int]:
    """Where the steps that a unit looked at are now; a silence about one that was split or merged is about none."""
    if isinstance(about, Pair):
        return {}
    return place_now(about, unit.boundary_version, {step.pk: step.position for step in about.steps.all()})
