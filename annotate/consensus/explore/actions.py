"""Count what a run comes to, and keep it. The only writer of explorations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from django.utils import timezone

from annotate.consensus.evidence import Standing, standing_of
from annotate.consensus.explore.columns import Columns, packed
from annotate.consensus.explore.costs import costs_of
from annotate.consensus.explore.curve import curve_of
from annotate.consensus.explore.disputes import disputes_of
from annotate.consensus.explore.places import Said, apart, places_of
from annotate.consensus.explore.rates import rate_of
from annotate.consensus.explore.reading import SPEAKERS, Read, Spoken, read_labels, read_run
from annotate.consensus.explore.thresholds import thresholds_with
from annotate.enums import RaterKind, Scope, Tier
from annotate.models import Criterion, Exploration, Label, Rater, Run
from annotate.stats.codes import BoolArray, IntArray

FORM = 1
"""Of what is stored. Explorations of another form are counted anew before they are shown."""

# What rollouts speak of, where the run's settings do not say.
_ROLLOUTS_SPEAK_OF = "recoverable"


def explore_run(run: Run) -> Exploration:
    """Count a finished consensus run; what was counted of it before is replaced.

    Its decisions stay what they were; gold, labels and costs are those of now.
    """
    began = timezone.now()
    newest = Label.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    read = read_run(run)
    columns = read.columns
    thresholds = thresholds_with(_own_thresholds(run, columns))
    curve = curve_of(columns, thresholds)
    raters, standing = Rater.objects.filter(project=run.project_id).in_bulk(), standing_of(run.project)
    here = read_labels(run, run.criterion, columns, _speakers_of(run), raters, standing)
    detail = {
        "form": FORM,
        "n_steps": len(columns),
        "n_traces": int(columns.trace[-1]) + 1 if len(columns) else 0,
        "n_behind": int(columns.behind.sum()),
        "levels": list(columns.levels),
        "curve": [point.as_json() for point in curve.points],
        "line": [point.as_json() for point in curve.line],
        "decided": curve.decided.as_json(),
        "own": _own_thresholds(run, columns),
        "tiers": _tiers(read),
        "gold": asdict(read.gold),
        "guarantee": run.summary.get("learned", {}).get("guarantee"),
        "disputes": disputes_of(
            here.voices(columns), columns.trace, read.shape.divisions(columns.trace)
        ).as_json(),
        "places": _places(run, read, here, raters, standing),
        "left_out": list(here.left_out),
        "costs": costs_of(run.project, run.criterion, raters).as_json(),
    }
    found = Exploration(
        run=run, newest_label=newest, detail=detail, columns=packed(columns), counted_at=began
    )
    # One statement, where asking first and then writing would be a transaction of six.
    Exploration.objects.bulk_create(
        [found],
        update_conflicts=True,
        unique_fields=["run"],
        update_fields=["newest_label", "detail", "columns", "counted_at"],
    )
    return found


def _own_thresholds(run: Run, columns: Columns) -> list[float]:
    """The risk by which the run itself kept: what it has learned, a setting, or what the riskiest kept step has."""
    if not columns.has_risk.any():
        return []
    learned = run.summary.get("learned", {}).get("guarantee", {}).get("keep_below")
    if isinstance(learned, int | float):
        # Rounded up, so that what was kept at it is kept at it.
        return [float(np.ceil(learned * 1e6) / 1e6)]
    confidence = run.settings.get("confidence")
    if isinstance(confidence, int | float):
        return [round(1 - confidence, 6)]
    kept = columns.risk[columns.is_kept & columns.has_risk]
    return [float(np.ceil(kept.max() * 1e6) / 1e6)] if len(kept) else []


def _tiers(read: Read) -> list[dict[str, Any]]:
    """Steps of each tier, and how many of those with a key are wrong by it; empty where the policy has no tiers."""
    columns, tier = read.columns, np.array(read.tier, dtype=np.str_)
    n_traces = int(columns.trace[-1]) + 1 if len(columns) else 0

    def counts(chosen: BoolArray) -> IntArray:
        return np.bincount(columns.trace[chosen], minlength=n_traces).astype(np.int64)

    found = []
    for one in Tier:
        is_of = tier == one.value
        if is_of.any():
            rate = rate_of(counts(is_of & columns.is_wrong), counts(is_of & columns.is_judged))
            risks = columns.risk[is_of & columns.has_risk]
            expected = float(risks.mean()) if len(risks) else None
            found.append(
                {"tier": one.value, "n": int(is_of.sum()), "expected": expected, "gold": rate.as_json()}
            )
    return found


def _rollouts_speak_of(run: Run) -> str:
    return str(run.settings.get("rollout_criterion") or _ROLLOUTS_SPEAK_OF)


def _speakers_of(run: Run) -> list[RaterKind]:
    """Rollouts speak of one question only, whatever they were put to."""
    is_theirs = run.criterion.key == _rollouts_speak_of(run)
    return [kind for kind in SPEAKERS if kind != RaterKind.ROLLOUT or is_theirs]


def _places(
    run: Run, read: Read, here: Spoken, raters: Mapping[int, Rater], standing: Standing
) -> dict[str, Any]:
    """First errors as everybody places them; of rollouts, the first step from which they do not get back."""
    columns, position, length = read.columns, read.shape.position, read.shape.length
    said, speakers = here.said(columns, position), list(here.raters)
    theirs = _criterion_of_rollouts(run)
    if theirs is not None:
        spoken = read_labels(run, theirs, columns, [RaterKind.ROLLOUT], raters, standing)
        more = spoken.said(columns, position)
        said = Said(
            np.concatenate([said.rater, more.rater + len(speakers)]),
            np.concatenate([said.trace, more.trace]),
            np.concatenate([said.position, more.position]),
            np.concatenate([said.is_bad, more.is_bad]),
        )
        speakers += spoken.raters
    found, n_left_out = apart(places_of(said, length, len(speakers)), [rater.name for rater in speakers])
    return {"pairs": [one.as_json() for one in found], "left_out": n_left_out}


def _criterion_of_rollouts(run: Run) -> Criterion | None:
    """The question that rollouts speak of, where it is another than the decided one."""
    key = _rollouts_speak_of(run)
    if key == run.criterion.key:
        return None
    return Criterion.objects.filter(rubric=run.criterion.rubric_id, key=key, scope=Scope.STEP).first()
