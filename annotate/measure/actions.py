"""Measure how far the raters of a project can be trusted. The only writer of these estimates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.db.models import Q

from annotate.errors import NotEstimable
from annotate.measure.anchoring import ANCHORING, anchoring_estimates
from annotate.measure.audit import audit_estimates, checked_gate
from annotate.measure.calibration import calibration_estimates
from annotate.measure.estimates import NAMES, agreement_estimates, gold_estimates
from annotate.measure.queries import (
    AUDIT_PREFIX,
    CALIBRATION,
    criterion_labels,
    data_version_of,
    finished_audits,
    judge_forecasts,
    measured_criteria,
)
from annotate.measure.ruler.actions import fit_ruler
from annotate.models import Estimate, Project, Rater, Ruler, Run

_MEASURED = Q(name__in=(*NAMES, CALIBRATION, ANCHORING)) | Q(name__startswith=AUDIT_PREFIX)


@dataclass(frozen=True, slots=True)
class MeasureReport:
    """The estimates now stored, those without a value included, and the version of the labels they rest on.

    ``ruler`` is None where nobody could be put on one; ``why_no_ruler`` then says why.
    """

    estimates: tuple[Estimate, ...]
    n_labels: int
    data_version: str
    ruler: Ruler | None = None
    why_no_ruler: str = ""


def measure_project(project: Project, *, seed: int = 0, resamples: int = 200) -> MeasureReport:
    """Measure every criterion of the project's rubric and replace the estimates of last time; fit the ruler anew.

    Raises NotEstimable when the project has no rubric. What the labels cannot say is stored without a value and with
    the reason. Estimates and ruler are stored each by itself: where one of them breaks, the other is there all the
    same, and the error is raised once both have been tried.
    """
    if project.rubric is None:
        raise NotEstimable("The project has no rubric, so there is nothing that raters could agree on.")
    ruler, why_not = None, ""
    try:
        report = _measure_estimates(project, seed=seed, resamples=resamples)
    finally:
        try:
            ruler = fit_ruler(project, seed=seed)
        except NotEstimable as reason:
            why_not = str(reason)
    return replace(report, ruler=ruler, why_no_ruler=why_not)


def _measure_estimates(project: Project, *, seed: int, resamples: int) -> MeasureReport:
    # Read first: a label that comes in meanwhile makes the estimates stale, never silently current.
    version = data_version_of(project)
    raters = {rater.pk: rater for rater in Rater.objects.filter(project=project)}
    estimates: list[Estimate] = []
    n_labels = 0
    for criterion in measured_criteria(project):
        labels = criterion_labels(criterion)
        if not labels.items:
            continue
        n_labels += len(labels.items)
        estimates += agreement_estimates(labels, raters, seed=seed, resamples=resamples)
        estimates += gold_estimates(labels, raters)
        estimates += anchoring_estimates(criterion, raters, seed=seed, resamples=resamples)
        forecasts = judge_forecasts(criterion)
        estimates += calibration_estimates(labels, forecasts, raters, seed=seed, resamples=resamples)
    for run in finished_audits(project):
        estimates += audit_estimates(run)
    for estimate in estimates:
        estimate.project = project
        estimate.data_version = version
    _replace(project, estimates)
    return MeasureReport(tuple(estimates), n_labels, version)


@transaction.atomic
def _replace(project: Project, estimates: list[Estimate]) -> None:
    # Two measurings at once take turns here; the later one stands.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    Estimate.objects.filter(_MEASURED, project=project).delete()
    Estimate.objects.bulk_create(estimates)


@transaction.atomic
def record_audit(run: Run) -> tuple[Estimate, ...]:
    """Turn an audit that is over into estimates, in place of the rater's last; nothing where no trace was finished."""
    Project.objects.select_for_update(no_key=True).get(pk=run.project_id)
    if not finished_audits(run.project).filter(pk=run.pk).exists():
        return ()
    estimates = list(audit_estimates(run))
    version = data_version_of(run.project)
    for estimate in estimates:
        estimate.project, estimate.data_version = run.project, version
    Estimate.objects.filter(rater=run.rater, criterion=run.criterion, name__startswith=AUDIT_PREFIX).delete()
    return tuple(Estimate.objects.bulk_create(estimates))


def set_judge_gate(project: Project, gate: Mapping[str, Any]) -> None:
    """Store what a judge's audit must reach here; a rate that is not named asks nothing. Raises Rejected (see there).

    Callers have checked that the person may manage the project. Decisions made before stay as they are.
    """
    project.judge_gate = checked_gate(gate)
    project.save(update_fields=["judge_gate"])
