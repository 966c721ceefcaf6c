"""Measure how far the raters of a project can be trusted. The only writer of these estimates."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from annotate.errors import NotEstimable
from annotate.measure.estimates import NAMES, agreement_estimates, gold_estimates
from annotate.measure.queries import criterion_labels, data_version_of, measured_criteria
from annotate.models import Estimate, Project, Rater


@dataclass(frozen=True, slots=True)
class MeasureReport:
    """The estimates now stored, those without a value included, and the version of the labels they rest on."""

    estimates: tuple[Estimate, ...]
    n_labels: int
    data_version: str


def measure_project(project: Project, *, seed: int = 0, resamples: int = 200) -> MeasureReport:
    """Measure every criterion of the project's rubric and replace the estimates of last time.

    Raises NotEstimable when the project has no rubric. What the labels cannot say is stored without a value and with
    the reason.
    """
    if project.rubric is None:
        raise NotEstimable("The project has no rubric, so there is nothing that raters could agree on.")
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
    for estimate in estimates:
        estimate.project = project
        estimate.data_version = version
    _replace(project, estimates)
    return MeasureReport(tuple(estimates), n_labels, version)


@transaction.atomic
def _replace(project: Project, estimates: list[Estimate]) -> None:
    # Two measurings at once take turns here; the later one stands.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    Estimate.objects.filter(project=project, name__in=NAMES).delete()
    Estimate.objects.bulk_create(estimates)
