from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.enums import RaterKind
from annotate.measure.actions import measure_project
from annotate.measure.calibration import calibrated
from annotate.models import Estimate, Project
from tests.factories import a_label, a_project, a_rater, a_trace

STATED = {"method": "platt", "slope": 0.5, "intercept": 0.0, "level": "good", "n": 98}


def a_bold_judge(project: Project, *, n_traces: int, n_steps: int, truthful: bool = False) -> None:
    """Says 0.98 or 0.02 where 0.75 and 0.25 would have been right."""
    rng = np.random.default_rng(7)
    judge, gold = (
        a_rater(project, RaterKind.JUDGE, "judge/bold"),
        a_rater(project, RaterKind.GOLD, "gold/key"),
    )
    for _ in range(n_traces):
        for step in a_trace(project, n_steps=n_steps).steps.all():
            looks_good = bool(rng.integers(2))
            is_good = rng.uniform() < (0.75 if looks_good else 0.25)
            bold = 0.75 if truthful else 0.98
            p = bold if looks_good else 1 - bold
            a_label(judge, step, "good" if looks_good else "bad", distribution={"good": p, "bad": 1 - p})
            a_label(gold, step, "good" if is_good else "bad")


@pytest.mark.django_db
def test_a_bold_judge_is_mended_and_both_figures_are_kept() -> None:
    project = a_project()
    a_bold_judge(project, n_traces=40, n_steps=8)

    measure_project(project, resamples=50)

    found = Estimate.objects.get(name="calibration")
    assert (found.rater.name, found.n, found.detail["level"], found.detail["method"]) == (
        "judge/bold",
        320,
        "good",
        "platt",
    )
    assert found.detail["before"]["ece"] > 0.2
    assert found.value == found.detail["after"]["ece"] < 0.07
    assert found.detail["after"]["brier"] < found.detail["before"]["brier"]
    assert found.low <= found.value <= found.high
    assert calibrated({"good": 0.98, "bad": 0.02}, found.detail)["good"] == pytest.approx(0.75, abs=0.06)


@pytest.mark.django_db
def test_a_truthful_judge_is_left_about_as_it_is() -> None:
    project = a_project()
    a_bold_judge(project, n_traces=40, n_steps=8, truthful=True)

    measure_project(project, resamples=0)

    found = Estimate.objects.get(name="calibration")
    assert calibrated({"good": 0.75, "bad": 0.25}, found.detail)["good"] == pytest.approx(0.75, abs=0.06)


@pytest.mark.django_db
@pytest.mark.parametrize(("n_traces", "n_steps"), [(5, 20), (20, 2)])
def test_too_little_gold_gives_no_curve_and_says_so(n_traces, n_steps) -> None:
    project = a_project()
    a_bold_judge(project, n_traces=n_traces, n_steps=n_steps)

    measure_project(project, resamples=0)

    found = Estimate.objects.get(name="calibration")
    assert (found.value, found.n) == (None, n_traces * n_steps)
    assert "a curve takes 50 of 10" in found.reason
    assert calibrated({"good": 0.9, "bad": 0.1}, found.detail) == {"good": 0.9, "bad": 0.1}


@pytest.mark.django_db
def test_gold_of_one_kind_gives_no_curve() -> None:
    project = a_project()
    judge, gold = a_rater(project, RaterKind.JUDGE), a_rater(project, RaterKind.GOLD)
    for _ in range(12):
        for step in a_trace(project, n_steps=5).steps.all():
            a_label(judge, step, "good", distribution={"good": 0.9, "bad": 0.1})
            a_label(gold, step, "good")

    measure_project(project, resamples=0)

    assert "almost all the same" in Estimate.objects.get(name="calibration").reason


@pytest.mark.django_db
def test_judges_without_probabilities_have_no_calibration() -> None:
    project = a_project()
    step = a_trace(project).steps.get(position=0)
    a_label(a_rater(project, RaterKind.JUDGE), step, "good")
    a_label(a_rater(project, RaterKind.GOLD), step, "good")

    measure_project(project, resamples=0)

    assert not Estimate.objects.filter(name="calibration").exists()


def test_the_other_levels_share_what_is_left() -> None:
    # sigmoid(logit(0.8) / 2) = 2 / 3: a third is left, in the old proportion of 3 to 1.
    mended = calibrated({"good": 0.8, "neutral": 0.15, "bad": 0.05}, STATED)
    assert mended == {
        "good": pytest.approx(2 / 3),
        "neutral": pytest.approx(0.25),
        "bad": pytest.approx(1 / 12),
    }


def test_nothing_is_taken_for_certain_and_an_unknown_level_stays() -> None:
    sure = calibrated(
        {"good": 1.0, "bad": 0.0},
        {"method": "isotonic", "points": [[0, 0], [1, 1]], "level": "good", "n": 98},
    )
    assert sure == {"good": 0.99, "bad": pytest.approx(0.01)}
    assert calibrated({"yes": 0.9}, STATED) == {"yes": 0.9}


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_calibrated_distribution_adds_up_and_keeps_the_order(one, other) -> None:
    low, high = sorted((one, other))
    mended = [calibrated({"good": p, "bad": 1 - p}, STATED) for p in (low, high)]
    assert all(sum(held.values()) == pytest.approx(1.0) for held in mended)
    assert mended[0]["good"] <= mended[1]["good"] + 1e-12
