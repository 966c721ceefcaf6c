"""What pages read of rulers: stored rows, whatever the number of labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet

from annotate.enums import RaterKind, Scope
from annotate.measure.ruler.labels import scope_and_key, target_of
from annotate.models import Candidate, Criterion, Estimate, Level, Measure, Project, Rater, Ruler, Step, Trace

HISTORY = 12


def current_ruler(project: Project) -> Ruler | None:
    return Ruler.objects.filter(project=project, is_current=True).first()


def rater_measures(ruler: Ruler) -> QuerySet[Measure]:
    """One row for each rater, the severest first, those without a measure last."""
    return (
        Measure.objects.filter(ruler=ruler, criterion=None)
        .select_related("rater__person")
        .defer("closer")
        .order_by(F("severity").desc(nulls_last=True), "rater__name")
    )


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a rater stands, as little of it as a picture of thousands needs."""

    rater: int
    name: str
    is_machine: bool
    severity: float
    se: float


def stands_of(ruler: Ruler) -> list[Stand]:
    """Everybody with a measure, the severest first."""
    rows = (
        Measure.objects.filter(ruler=ruler, criterion=None, severity__isnull=False, se__isnull=False)
        .order_by("-severity", "rater__name")
        .values_list("rater", "rater__name", "rater__kind", "severity", "se")
    )
    return [
        Stand(pk, name, kind != RaterKind.PERSON, severity, se)
        for pk, name, kind, severity, se in rows
        if severity is not None and se is not None
    ]


def measure_of(ruler: Ruler, rater: Rater) -> Measure | None:
    return Measure.objects.filter(ruler=ruler, rater=rater, criterion=None).first()


def question_measures(ruler: Ruler, rater: Rater) -> QuerySet[Measure]:
    return (
        Measure.objects.filter(ruler=ruler, rater=rater, criterion__isnull=False)
        .select_related("criterion")
        .order_by("criterion__position", "criterion")
    )


@dataclass(frozen=True, slots=True)
class Then:
    """A rater's measure on one ruler. Each ruler is a scale of its own, with 0 at the mean of its raters."""

    version: str
    at: datetime
    measure: Measure


def history_of(rater: Rater) -> list[Then]:
    """The rater on the project's rulers, the oldest first."""
    rows = (
        Measure.objects.filter(rater=rater, criterion=None)
        .select_related("ruler")
        .order_by("-ruler__number")[:HISTORY]
    )
    return [Then(one.ruler.version, one.ruler.fitted_at, one) for one in reversed(rows)]


def pull_of(rater: Rater) -> list[Estimate]:
    """How far a machine pulls people who have seen what it says, by question."""
    return list(
        Estimate.objects.filter(rater=rater, name="anchoring")
        .select_related("criterion")
        .order_by("criterion__position")
    )


@dataclass(frozen=True, slots=True)
class Place:
    """A labelled target as a page links to it. ``position`` is None for a trace as a whole."""

    trace: int
    name: str
    position: int | None

    @property
    def number(self) -> int | None:
        return None if self.position is None else self.position + 1


def places_of(targets: Sequence[int]) -> dict[int, Place]:
    """By target, where it is; what is gone, or was cut anew since, is left out. A query for each scope."""
    wanted: dict[str, dict[int, int]] = {}
    for target in targets:
        scope, key = scope_and_key(target)
        wanted.setdefault(scope, {})[key] = target
    found: dict[int, Place] = {}
    if steps := wanted.get("step"):
        rows = Step.objects.filter(pk__in=steps).values_list(
            "pk", "trace_id", "trace__external_id", "position"
        )
        found |= {steps[pk]: Place(trace, name, position) for pk, trace, name, position in rows}
    if traces := wanted.get("trace"):
        named = Trace.objects.filter(pk__in=traces).values_list("pk", "external_id")
        found |= {traces[pk]: Place(pk, name, None) for pk, name in named}
    if candidates := wanted.get("candidate"):
        about = Candidate.objects.filter(pk__in=candidates).values_list(
            "pk", "step__trace_id", "step__trace__external_id", "step__position"
        )
        found |= {candidates[pk]: Place(trace, name, position) for pk, trace, name, position in about}
    return found


@dataclass(frozen=True, slots=True)
class Scaled:
    """A question of a ruler with the titles of its levels, lowest first."""

    criterion: Criterion
    levels: tuple[str, ...]


def scaled_questions(ruler: Ruler) -> dict[int, Scaled]:
    keys = [row["criterion"] for row in ruler.detail.get("questions", [])]
    levels: dict[int, list[Level]] = {}
    for level in Level.objects.filter(criterion__in=keys, score__isnull=False).order_by("score", "position"):
        levels.setdefault(level.criterion_id, []).append(level)
    return {
        one.pk: Scaled(one, tuple(level.title for level in levels.get(one.pk, ())))
        for one in Criterion.objects.filter(pk__in=keys).order_by("position", "pk")
    }


@dataclass(frozen=True, slots=True)
class Surprise:
    """A label that the model would not have expected of its rater."""

    place: Place
    question: str
    said: str
    expected: float
    others: str
    z: float


def surprises_of(ruler: Ruler, measure: Measure) -> list[Surprise]:
    """The most surprising labels of a rater whose places are still there."""
    listed: list[dict[str, Any]] = measure.closer.get("surprises", [])
    places = places_of([one["target"] for one in listed])
    questions = scaled_questions(ruler)
    found = []
    for one in listed:
        place, question = places.get(one["target"]), questions.get(one["criterion"])
        if place is None or question is None:
            continue
        said, others = one["level"], one["others"]
        if max(said, others) >= len(question.levels):
            continue
        found.append(
            Surprise(
                place,
                question.criterion.title,
                question.levels[said],
                one["expected"],
                question.levels[others] if others >= 0 else "",
                one["z"],
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class Listed:
    """A step that stands out, with its numbers as the ruler holds them."""

    place: Place
    n: int
    measure: float
    se: float | None
    infit: float | None
    outfit: float | None


def listed_steps(ruler: Ruler, name: str) -> list[Listed]:
    """The ruler's ``hardest`` steps, or its ``misfits``; those that were cut anew since are left out."""
    rows = ruler.detail.get(name, [])
    places = places_of([target_of(Scope(row["scope"]), row["key"]) for row in rows])
    found = []
    for row in rows:
        place = places.get(target_of(Scope(row["scope"]), row["key"]))
        if place is not None:
            found.append(Listed(place, row["n"], row["measure"], row["se"], row["infit"], row["outfit"]))
    return found
