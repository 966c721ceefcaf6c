"""Fit a project's ruler, and place sessions on it since. The only writer of rulers and measures."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from django.db import transaction
from django.db.models import Q

from annotate import clock
from annotate.enums import AssignmentState, RaterKind
from annotate.measure.queries import data_version_of, newest_label
from annotate.measure.ruler.fitting import CRITERION, ITEM, RATER, Columns, fit_scale, ratings_of
from annotate.measure.ruler.labels import RulerLabels, ruler_labels
from annotate.measure.ruler.others import Others
from annotate.measure.ruler.raters import measures_of, seconds_by_rater
from annotate.measure.ruler.standing import (
    Elements,
    Moved,
    newcomer_place,
    packed,
    unpacked_elements,
    unpacked_moved,
)
from annotate.measure.ruler.summary import summary_of
from annotate.measure.ruler.targets import Targets
from annotate.models import Assignment, Label, Measure, Project, Ruler, Standing
from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.rasch.design import Design
from annotate.stats.rasch.update import Standing as Densities
from annotate.stats.rasch.update import steps_of, update_session

KEPT = 12
"""Rulers of a project that stay: a rater's history goes back so far."""
BATCH = 500
# A submission that was under way when the fit began to read may have been missed, although its clock says earlier.
SLACK = timedelta(minutes=10)
# How long a worker may take for a fit before another may try.
FIT_TIME = timedelta(minutes=15)
# New labels that make a fit worth while: so many, and at least this share of those it rests on.
ENOUGH_NEW, SHARE_NEW = 200, 0.05
MOST_SESSIONS = 200
"""Sessions that are placed at a time, to keep the turn short."""


def fit_ruler(project: Project, *, seed: int = 0) -> Ruler:
    """Measure everybody who labels in the project and make that its current ruler; raises NotEstimable.

    Read and fitted outside any transaction, stored in one: whoever looks meanwhile sees the ruler of before. Sessions
    submitted while it was fitted are placed on it afterwards, by `place_sessions`.
    """
    began, started = clock.now(), time.perf_counter()
    version, newest = data_version_of(project), newest_label(project)
    labels = ruler_labels(project)
    scale = fit_scale(labels, seed=seed)
    targets = Targets.of(project, scale.item_keys)
    seconds = seconds_by_rater(_paces(project))
    measures = measures_of(scale, targets, Others.of(scale), seconds)
    ruler = Ruler(
        project=project,
        data_version=version,
        newest_label=newest,
        seed=seed,
        estimator=scale.fit.estimator,
        converged=scale.fit.converged,
        message=scale.fit.message,
        n_labels=len(scale.columns),
        detail=summary_of(scale, targets),
        fitted_at=began,
    )
    standing = Standing(elements=packed(Elements.of(scale)))
    ruler.seconds = round(time.perf_counter() - started, 3)
    return _store(project, ruler, standing, measures)


@transaction.atomic
def _store(project: Project, ruler: Ruler, standing: Standing, measures: Sequence[Measure]) -> Ruler:
    # Two fits at once take turns here; the later one stands.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    mine = Ruler.objects.filter(project=project)
    newest = mine.order_by("-number").values_list("number", flat=True).first()
    mine.filter(is_current=True).update(is_current=False, refit_until=None)
    ruler.number = (newest or 0) + 1
    ruler.save()
    standing.ruler = ruler
    standing.save(force_insert=True)
    for measure in measures:
        measure.ruler = ruler
    Measure.objects.bulk_create(measures, batch_size=BATCH)
    # Of earlier rulers only what a history shows is kept.
    earlier = mine.filter(is_current=False)
    mine.filter(number__lte=ruler.number - KEPT).delete()
    Standing.objects.filter(ruler__in=earlier).delete()
    Measure.objects.filter(ruler__in=earlier, criterion__isnull=False).delete()
    return ruler


def _paces(project: Project) -> list[tuple[int, float]]:
    done = Assignment.objects.filter(
        project=project, state=AssignmentState.SUBMITTED, seconds_per_step__isnull=False
    )
    return list(done.order_by().values_list("holder_id", "seconds_per_step"))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Placed:
    """What a turn did: sessions placed, and whether more of them wait."""

    n_sessions: int
    has_more: bool = False


def unplaced(ruler: Ruler, known: Sequence[int]) -> list[int]:
    """Assignments submitted since the fit began, or shortly before, that are not among the known."""
    since = ruler.fitted_at - SLACK
    submitted = Assignment.objects.filter(
        project=ruler.project_id, state=AssignmentState.SUBMITTED, finished_at__gte=since
    )
    seen = set(known)
    found = submitted.order_by("finished_at", "pk").values_list("pk", flat=True)
    return [pk for pk in found if pk not in seen]


@transaction.atomic
def place_sessions(project: Project) -> Placed:
    """Place what people have submitted since on the current ruler, session by session, in the order of submission.

    Raters and steps of a session move; thresholds, questions and everybody else stay. What was sent back and submitted
    again is left to the next fit: its first version is counted in already.
    """
    ruler = Ruler.objects.select_for_update().filter(project=project, is_current=True).first()
    if ruler is None:
        return Placed(0)
    standing = Standing.objects.get(pk=ruler.pk)
    waiting = unplaced(ruler, standing.sessions)
    if not waiting:
        return Placed(0)
    stand = unpacked_elements(bytes(standing.elements))
    fitted = set(stand.sessions.tolist())
    new = [pk for pk in waiting if pk not in fitted]
    turn = new[:MOST_SESSIONS]
    if not turn:
        standing.sessions = [*standing.sessions, *waiting]
        standing.save(update_fields=["sessions"])
        return Placed(0)
    labels = ruler_labels(project, assignments=turn)
    moved = unpacked_moved(bytes(standing.moved))
    for pk in turn:
        rows = (labels.assignment == pk) & labels.ratings
        if rows.any():
            moved = moved.then(_placed(stand.moved(moved), labels, Columns.of(labels, rows)))
    has_more = len(new) > len(turn)
    standing.sessions = [*standing.sessions, *(turn if has_more else waiting)]
    standing.moved = packed(moved)
    standing.save(update_fields=["sessions", "moved"])
    _note(ruler, moved, labels, turn)
    return Placed(len(turn), has_more)


def _placed(stand: Elements, labels: RulerLabels, columns: Columns) -> Moved:
    """Where a session leaves its rater and its steps."""
    known = np.isin(columns.criterion, stand.criteria)
    columns = Columns(*(getattr(columns, name)[known] for name in Columns.__dataclass_fields__))
    if not len(columns):
        return Moved.none()
    ratings = ratings_of(columns, labels)
    design = Design.of(ratings)
    item, rater, criterion = (ratings.facet(name).elements.vocab for name in (ITEM, RATER, CRITERION))
    is_machine = [labels.raters[int(key)].is_machine for key in rater]  # type: ignore[call-overload]
    target_mean, target_variance = _of(
        stand.targets, stand.target_mean, stand.target_variance, item, stand.newcomer[0]
    )
    rater_mean, rater_variance = _of(
        stand.raters,
        stand.rater_mean,
        stand.rater_variance,
        rater,
        stand.newcomer[newcomer_place(is_machine[0])],
    )
    place = np.searchsorted(stand.criteria, np.array(criterion, dtype=np.int64))
    before = Densities(
        np.concatenate([target_mean, rater_mean, stand.criterion_mean[place]]),
        np.concatenate([target_variance, rater_variance, np.zeros(len(place))]),
    )
    width = ratings.n_categories
    after = update_session(design, steps_of(stand.sums[place][:, :width]), before)
    n, m = len(item), len(item) + len(rater)
    keys = np.array(item, dtype=np.int64), np.array(rater, dtype=np.int64)
    return Moved(keys[0], after.mean[:n], after.variance[:n], keys[1], after.mean[n:m], after.variance[n:m])


def _of(
    keys: IntArray, mean: FloatArray, variance: FloatArray, wanted: Sequence[object], newcomer: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Means and variances of the wanted elements; a newcomer's for one that has never been placed."""
    asked = np.array(wanted, dtype=np.int64)
    at = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    found = (keys[at] == asked) & np.isfinite(mean[at]) & np.isfinite(variance[at])
    return np.where(found, mean[at], newcomer[0]), np.where(found, variance[at], newcomer[1])


def _note(ruler: Ruler, moved: Moved, labels: RulerLabels, turn: Sequence[int]) -> None:
    """Write what changed of the people: their measures now, and the number of their labels."""
    rows = labels.ratings
    said, counts = np.unique(labels.rater[rows], return_counts=True)
    more = dict(zip(said.tolist(), counts.tolist(), strict=True))
    place = {int(key): i for i, key in enumerate(moved.raters)}
    measures = {
        one.rater_id: one for one in Measure.objects.filter(ruler=ruler, criterion=None, rater__in=more)
    }
    new = []
    for key, n in more.items():
        i = place.get(key)
        if i is None:
            continue
        severity, se = float(moved.rater_mean[i]), float(np.sqrt(moved.rater_variance[i]))
        if key not in measures:
            new.append(
                Measure(ruler=ruler, rater_id=key, severity=severity, se=se, n=n, detail={"is_new": True})
            )
            continue
        measures[key].n += n
        # Whoever could not be compared before is looked at again by the next fit alone.
        if measures[key].severity is not None:
            measures[key].severity, measures[key].se = severity, se
    Measure.objects.bulk_update(measures.values(), ["severity", "se", "n"])
    Measure.objects.bulk_create(new)
    ruler.minor += len(turn)
    ruler.placed_at = clock.now()
    ruler.save(update_fields=["minor", "placed_at"])


def has_waiting(ruler: Ruler) -> bool:
    """Whether a session was submitted that is not on the ruler. A look at an index; no label is read."""
    known = Standing.objects.filter(ruler=ruler).values_list("sessions", flat=True).first()
    return known is not None and bool(unplaced(ruler, known))


def wants_fit(ruler: Ruler) -> bool:
    """Whether so much was labelled since that the ruler should be fitted anew."""
    new = (
        Label.objects.counted()
        .filter(rater__project=ruler.project_id, pk__gt=ruler.newest_label)
        .exclude(rater__kind__in=(RaterKind.PROBE,))
    )
    return new.count() >= max(ENOUGH_NEW, SHARE_NEW * ruler.n_labels)


def claim_fit(ruler: Ruler, *, now: datetime | None = None) -> bool:
    """Whether this worker is the one to fit the next ruler.

    A claim ends by itself, with the ruler or after a while: a fit that fails is not tried again at once.
    """
    now = now or clock.now()
    free = Q(refit_until=None) | Q(refit_until__lt=now)
    mine = Ruler.objects.filter(free, pk=ruler.pk, is_current=True)
    return bool(mine.update(refit_until=now + FIT_TIME))
