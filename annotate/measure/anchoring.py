"""How far people moved towards each machine once they had seen what it says.

People answer blind first; where the project then reveals the pre-labels they may change their answers, and both are
kept. The shift of a machine is how much more often people say what it says afterwards than before:

    mean(after = machine) - mean(before = machine)   over the places it spoke about,

0 when nobody is moved, with an interval from drawing whole traces again. It is no accuracy: moving towards a machine
that is right is an improvement. Readings that were blind throughout take no part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from django.db.models import Exists, OuterRef

from annotate.enums import RaterKind
from annotate.measure.queries import MACHINES
from annotate.models import Criterion, Estimate, Label, Rater, Reveal
from annotate.stats.bootstrap import RatioOfSums, cluster_bootstrap

ANCHORING = "anchoring"


@dataclass(frozen=True, slots=True)
class Reading:
    """One person's answers at one place: before the pre-labels were shown (None: no answer then), and what stands."""

    item: int
    trace: int
    before: str | None
    after: str


def readings_of(criterion: Criterion) -> list[Reading]:
    """The counted readings of people who were shown the pre-labels on the labelling page."""
    shown = Reveal.objects.filter(assignment=OuterRef("assignment"))
    rows = Label.objects.counted().filter(
        criterion=criterion, rater__kind=RaterKind.PERSON, step__isnull=False
    )
    standing = list(
        rows.filter(Exists(shown)).values_list(
            "pk", "step_id", "step__trace_id", "value", "has_seen_prelabels", "assignment_id"
        )
    )
    blind = _last_blind(criterion, {assignment for *_, assignment in standing if assignment is not None})
    return [
        Reading(step, trace, blind.get((assignment, step)) if has_seen else value, value)
        for _, step, trace, value, has_seen, assignment in standing
    ]


def _last_blind(criterion: Criterion, assignments: set[int]) -> Mapping[tuple[int, int], str]:
    """By assignment and step: the last answer given before the pre-labels were seen, unless it had been taken back."""
    rows = Label.objects.filter(
        criterion=criterion, assignment__in=assignments, step__isnull=False, has_seen_prelabels=False
    )
    last = {
        (assignment, step): value
        for assignment, step, value in rows.order_by("pk").values_list("assignment_id", "step_id", "value")
    }
    return {place: value for place, value in last.items() if value}


def anchoring_estimates(
    criterion: Criterion, raters: Mapping[int, Rater], *, seed: int, resamples: int
) -> Iterator[Estimate]:
    """One estimate for each machine that spoke where people were shown what machines say."""
    readings = readings_of(criterion)
    if not readings:
        return
    said: dict[int, dict[int, str]] = {}
    words = Label.objects.counted().filter(
        criterion=criterion, rater__kind__in=MACHINES, step__in={reading.item for reading in readings}
    )
    for rater, step, value in words.values_list("rater_id", "step_id", "value"):
        said.setdefault(rater, {})[step] = value
    for rater, values in sorted(said.items()):
        yield _estimate(criterion, raters[rater], values, readings, seed=seed, resamples=resamples)


def _estimate(
    criterion: Criterion,
    rater: Rater,
    said: Mapping[int, str],
    readings: list[Reading],
    *,
    seed: int,
    resamples: int,
) -> Estimate:
    heard = [reading for reading in readings if reading.item in said and reading.before is not None]
    moved: dict[int, tuple[int, int]] = {}
    counts = {"n_disagreed": 0, "n_adopted": 0, "n_agreed": 0, "n_left": 0}
    for reading in heard:
        before, after = (answer == said[reading.item] for answer in (reading.before, reading.after))
        shift, n = moved.get(reading.trace, (0, 0))
        moved[reading.trace] = (shift + after - before, n + 1)
        counts["n_agreed" if before else "n_disagreed"] += 1
        counts["n_left"] += before and not after
        counts["n_adopted"] += after and not before
    detail = {"interval": "bootstrap over traces, 95 %", "n_traces": len(moved), **counts}
    if not heard:
        reason = "Nobody had answered a step this machine speaks of before it was shown."
        return Estimate(criterion=criterion, rater=rater, name=ANCHORING, reason=reason, detail=detail)
    sums = np.array(list(moved.values()), dtype=float)
    interval = cluster_bootstrap(RatioOfSums(sums[:, 0], sums[:, 1]), seed=seed, resamples=resamples)
    return Estimate(
        criterion=criterion,
        rater=rater,
        name=ANCHORING,
        value=float(sums[:, 0].sum() / sums[:, 1].sum()),
        low=interval.low,
        high=interval.high,
        n=len(heard),
        detail=detail,
    )
