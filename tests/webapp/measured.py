"""A ruler written by hand, for tests of pages: every row and field is there, and no label is needed."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from annotate.enums import RaterKind
from annotate.models import Criterion, Measure, Project, Rater, Ruler, Step
from tests.factories import a_criterion

RATED = (RaterKind.PERSON, RaterKind.JUDGE, RaterKind.ROLLOUT, RaterKind.VERIFIER)


def a_ruler(project: Project, *, number: int = 1, is_current: bool = True, **fields: Any) -> Ruler:
    """The project's raters half a logit apart, on one question; its first step is hard and fits badly."""
    criterion = a_criterion(project)
    ruler = Ruler.objects.create(
        project=project,
        number=number,
        is_current=is_current,
        data_version="0123456789abcdef",
        converged=True,
        n_labels=1234,
        seconds=0.1,
        fitted_at=timezone.now(),
        detail=_detail(project, criterion),
        **fields,
    )
    for place, rater in enumerate(Rater.objects.filter(project=project, kind__in=RATED).order_by("pk")):
        a_measure(ruler, rater, criterion, severity=place / 2 - 0.5)
    return ruler


def a_measure(
    ruler: Ruler, rater: Rater, criterion: Criterion, *, severity: float | None = 0.5, **detail: Any
) -> Measure:
    """A rater's measure, and the one on the question."""
    usual = {
        "by": -0.5,
        "fair": 1.1,
        "band": [0.8, 1.2],
        "n_shared": 40,
        "agreement": {"n": 40, "value": 0.75, "low": 0.6, "high": 0.86},
        "gold": {"n": 10, "value": 0.8, "low": 0.49, "high": 0.94},
        "seconds": 4.2,
        "flags": [
            {"code": "stricter", "by": 0.5, "how": "consistent"},
            {"code": "random", "question": "Verdict"},
        ],
        "drift": [
            {"n": 20, "severity": 0.3, "se": 0.2, "smooth": 0.4},
            {"n": 20, "severity": 0.7, "se": 0.2, "smooth": 0.6},
        ],
    }
    error = None if severity is None else 0.12
    reason = "" if severity is not None else "Nobody else has labelled what this rater has."
    about = {"severity": severity, "se": error, "infit": 1.31, "outfit": 0.9, "n": 40, "reason": reason}
    Measure.objects.create(
        ruler=ruler,
        rater=rater,
        criterion=criterion,
        detail={"confusion": [[5, 1, 0], [0, 2, 1], [0, 3, 9]], "gold": [[3, 0, 0], [0, 1, 1], [0, 0, 5]]},
        **about,
    )
    closer = {
        "bias": {"position": [{"of": "last third", "n": 12, "shift": -0.3, "se": 0.1}], "model": []},
        "surprises": _surprises(ruler.project, criterion),
    }
    return Measure.objects.create(ruler=ruler, rater=rater, detail=usual | detail, closer=closer, **about)


def _surprises(project: Project, criterion: Criterion) -> list[dict[str, Any]]:
    step = Step.objects.filter(trace__project=project).order_by("pk").first()
    if step is None:
        return []
    return [
        {"target": step.pk, "criterion": criterion.pk, "level": 0, "expected": 1.8, "others": 2, "z": -2.9}
    ]


def _detail(project: Project, criterion: Criterion) -> dict[str, Any]:
    step = Step.objects.filter(trace__project=project).order_by("pk").first()
    listed = [
        {
            "scope": "step",
            "key": step.pk,
            "trace": step.trace_id,
            "n": 4,
            "measure": -1.2,
            "se": 0.6,
            "infit": 1.9,
            "outfit": 2.4,
        }
        for step in ([step] if step is not None else [])
    ]
    told = {"n": 12, "sd": 0.7, "separation": 2.0, "strata": 3.0, "reliability": 0.8, "rmse": 0.3}
    return {
        "questions": [
            {
                "criterion": criterion.pk,
                "title": criterion.title,
                "scope": "step",
                "levels": ["Bad", "Neutral", "Good"],
                "n": 1234,
                "n_unsure": 7,
                "measure": -0.2,
                "se": 0.05,
                "infit": 1.4,
                "infit_z": 4.0,
                "outfit": 1.1,
                "outfit_z": 1.0,
                "thresholds": [
                    {"lower": 0, "upper": 1, "measure": -0.6, "se": 0.1},
                    {"lower": 1, "upper": 2, "measure": 0.6, "se": 0.1},
                ],
                "counts": [300, 200, 734],
                "mean_item": [-0.9, 0.1, 0.8],
                "follows": 0.6,
            }
        ],
        "populations": [],
        "separation": {"items": told, "people": told, "machines": None},
        "overlap": {"readings": 2.0, "reliability": 0.6, "at": [0.43, 0.6, 0.69, 0.75]},
        "warnings": [
            {"code": "few_labels", "n": 1},
            {"code": "unused", "question": "Verdict", "level": "Bad"},
        ],
        "items": {"n": 12, "counts": [2, 7, 3], "edges": [-1.5, -0.5, 0.5, 1.5], "mean": 0.0, "sd": 0.7},
        "hardest": listed,
        "misfits": listed,
        "range": [-1.5, 1.5],
    }
