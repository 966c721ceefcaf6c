from __future__ import annotations

import pytest

from annotate.enums import AssignmentState, CriterionKind, RaterKind
from annotate.errors import NotEstimable
from annotate.ingest.founding import create_rubric
from annotate.ingest.presets import CriterionPreset, LevelPreset
from annotate.measure.actions import measure_project
from annotate.measure.queries import agreement_of, is_stale, rater_quality
from annotate.models import Assignment, Estimate, Label, Project, Rater, Ruler, Trace
from annotate.stats.accuracy import wilson_interval
from tests.factories import a_criterion, a_label, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_project()


def say(rater: Rater, trace: Trace, *values: str | None, **fields: object) -> None:
    """One verdict per step of the trace; None leaves the step out."""
    for step, value in zip(trace.steps.all(), values, strict=True):
        if value is not None:
            a_label(rater, step, value, **fields)


def estimate(project: Project, name: str, rater: Rater | None = None) -> Estimate:
    return Estimate.objects.get(project=project, name=name, rater=rater, criterion=a_criterion(project))


def test_a_probe_is_nobody_to_agree_with(project: Project) -> None:
    ann, judge = a_rater(project), a_rater(project, RaterKind.JUDGE)
    probe = a_rater(project, RaterKind.PROBE)
    trace = a_trace(project, n_steps=2)
    say(ann, trace, "good", "bad")
    say(judge, trace, "good", "bad")
    say(probe, trace, "bad", "good")
    measure_project(project, resamples=20)
    agreement = estimate(project, "percent_agreement_all")
    assert (agreement.value, agreement.detail["n_raters"]) == (1.0, 2)


def test_alpha_equals_the_hand_count(project: Project) -> None:
    ann, ben = a_rater(project), a_rater(project)
    for given, answered in ((("good", "good"), ("good", "bad")), (("bad", "bad"), ("bad", "bad"))):
        trace = a_trace(project, n_steps=2)
        say(ann, trace, *given)
        say(ben, trace, *answered)
    measure_project(project, resamples=50)
    # Eight labels, three good and five bad; two of them differ. With two levels the distance cancels out:
    # alpha = 1 - 7 * (1) / (3 * 5).
    alpha = estimate(project, "alpha_people")
    assert alpha.value == pytest.approx(1 - 7 / 15)
    assert (alpha.n, alpha.detail["n_traces"], alpha.detail["metric"]) == (4, 2, "ordinal")
    percent = estimate(project, "percent_agreement_people")
    assert percent.value == pytest.approx(0.75)
    assert percent.low is not None
    assert percent.high is not None
    assert percent.low <= 0.75 <= percent.high


def test_unsure_is_missing_and_said_so(project: Project) -> None:
    trace = a_trace(project, n_steps=3)
    say(a_rater(project), trace, "good", "bad", "unsure")
    say(a_rater(project), trace, "good", "bad", "bad")
    measure_project(project, resamples=0)
    alpha = estimate(project, "alpha_people")
    assert (alpha.value, alpha.n, alpha.detail["n_unsure"]) == (pytest.approx(1.0), 2, 1)


def test_what_cannot_be_said_has_no_value_and_a_reason(project: Project) -> None:
    trace = a_trace(project)
    say(a_rater(project), trace, "good", "good", "good")
    measure_project(project)
    alone = estimate(project, "alpha_people")
    assert (alone.value, alone.n) == (None, 0)
    assert "two labels" in alone.reason
    say(a_rater(project), trace, "good", "good", "good")
    measure_project(project)
    constant = estimate(project, "alpha_people")
    assert constant.value is None
    assert "variation" in constant.reason
    assert estimate(project, "percent_agreement_people").value == 1.0


def test_machines_count_among_all_raters_and_gold_in_neither(project: Project) -> None:
    trace = a_trace(project)
    say(a_rater(project), trace, "good", "bad", "good")
    say(a_rater(project, RaterKind.JUDGE), trace, "good", "bad", "bad")
    say(a_rater(project, RaterKind.GOLD), trace, "bad", "bad", "bad")
    measure_project(project, resamples=0)
    assert estimate(project, "alpha_people").value is None
    assert estimate(project, "percent_agreement_all").value == pytest.approx(2 / 3)
    assert estimate(project, "percent_agreement_all").detail["n_raters"] == 2


def test_accuracy_against_gold_with_interval_and_confusion(project: Project) -> None:
    trace = a_trace(project, n_steps=5)
    judge, idle = a_rater(project, RaterKind.JUDGE, "judge"), a_rater(project, name="idle")
    other = a_trace(project, n_steps=1)
    say(a_rater(project, RaterKind.GOLD), trace, "good", "good", "bad", None, "bad")
    say(judge, trace, "good", "bad", "bad", "good", "unsure")
    say(idle, other, "good")
    measure_project(project, resamples=0)
    found = estimate(project, "gold_accuracy", judge)
    assert (found.value, found.n) == (pytest.approx(2 / 3), 3)
    assert (found.low, found.high) == pytest.approx(wilson_interval(2, 3))
    assert found.detail["confusion"] == [
        {"gold": "bad", "given": "bad", "n": 1},
        {"gold": "good", "given": "bad", "n": 1},
        {"gold": "good", "given": "good", "n": 1},
    ]
    assert found.detail["n_unsure"] == 1
    unmeasured = estimate(project, "gold_accuracy", idle)
    assert (unmeasured.value, unmeasured.n) == (None, 0)
    assert unmeasured.reason


def test_keys_that_contradict_each_other_are_no_gold(project: Project) -> None:
    trace = a_trace(project, n_steps=2)
    say(a_rater(project, RaterKind.GOLD, "gold/a"), trace, "good", "good")
    say(a_rater(project, RaterKind.GOLD, "gold/b"), trace, "bad", "good")
    ann = a_rater(project)
    say(ann, trace, "bad", "good")
    measure_project(project, resamples=0)
    found = estimate(project, "gold_accuracy", ann)
    assert (found.value, found.n, found.detail["n_contested"]) == (1.0, 1, 1)


def test_simulated_people_are_marked(project: Project) -> None:
    trace = a_trace(project)
    say(a_rater(project, is_simulated=True), trace, "good", "bad", "good")
    say(a_rater(project), trace, "good", "bad", "good")
    measure_project(project, resamples=0)
    assert estimate(project, "alpha_people").detail["n_simulated"] == 1


def test_superseded_and_unfinished_labels_do_not_count(project: Project) -> None:
    trace = a_trace(project, n_steps=1)
    ann, ben = a_rater(project), a_rater(project)
    say(ann, trace, "good")
    say(ben, trace, "bad", is_live=False)
    held = Assignment.objects.create(
        project=project, trace=trace, slot=0, state=AssignmentState.SKIPPED, holder=ben
    )
    say(ben, trace, "bad", assignment=held)
    report = measure_project(project, resamples=0)
    assert report.n_labels == 1


def test_nominal_criterion_takes_all_disagreements_as_equal(project: Project) -> None:
    levels = [LevelPreset(key, key, "", "", None) for key in ("algebra", "units", "logic")]
    project.rubric = create_rubric(
        project,
        name="kinds",
        criteria=[CriterionPreset("slip", "Slip", "", levels, kind=CriterionKind.CHOICE)],
    )
    project.save()
    trace = a_trace(project)
    for values in (("algebra", "units", "logic"), ("algebra", "units", "units")):
        for step, value in zip(trace.steps.all(), values, strict=True):
            Label.objects.create(
                rater=a_rater(project), criterion=a_criterion(project, "slip"), step=step, value=value
            )
    measure_project(project, resamples=0)
    found = Estimate.objects.get(name="alpha_people")
    assert (found.detail["metric"], found.n) == ("nominal", 3)
    # Margins 2, 3, 1 of six labels, two that differ: alpha = 1 - 5 * 1 / (2*3 + 2*1 + 3*1).
    assert found.value == pytest.approx(1 - 5 / 11)


def test_measuring_again_replaces_and_repeats_exactly(project: Project) -> None:
    for answers in (("good", "bad", "good"), ("bad", "bad", "good"), ("good", "good", "bad")):
        trace = a_trace(project)
        say(a_rater(project), trace, *answers)
        say(a_rater(project), trace, "good", "bad", "bad")
    first = [(e.name, e.value, e.low, e.high) for e in measure_project(project, seed=3).estimates]
    again = [(e.name, e.value, e.low, e.high) for e in measure_project(project, seed=3).estimates]
    assert first == again
    assert Estimate.objects.filter(project=project).count() == len(first)


def test_estimates_of_other_stages_and_projects_stay(project: Project) -> None:
    other = a_project()
    for place in (project, other):
        say(a_rater(place), a_trace(place), "good", "bad", "good")
    measure_project(other)
    Estimate.objects.create(
        project=project, criterion=a_criterion(project), name="severity", value=1.0, data_version="x"
    )
    kept = set(Estimate.objects.values_list("pk", flat=True))
    measure_project(project)
    assert kept <= set(Estimate.objects.values_list("pk", flat=True))


def test_new_label_makes_estimates_stale(project: Project) -> None:
    trace = a_trace(project)
    ann = a_rater(project)
    assert is_stale(project) is None
    say(ann, trace, "good", "bad", None)
    measure_project(project)
    assert is_stale(project) is False
    say(a_rater(project), trace, None, None, "good")
    assert is_stale(project) is True


def test_project_without_labels_or_rubric(project: Project) -> None:
    assert measure_project(project).estimates == ()
    project.rubric = None
    with pytest.raises(NotEstimable):
        measure_project(project)


def test_stored_estimates_are_listed_by_kind(project: Project) -> None:
    trace = a_trace(project)
    ann = a_rater(project, name="ann")
    say(ann, trace, "good", "bad", "good")
    say(a_rater(project, RaterKind.GOLD), trace, "good", "bad", "bad")
    measure_project(project, resamples=0)
    assert [found.name for found in agreement_of(project)] == [
        "alpha_all",
        "alpha_people",
        "percent_agreement_all",
        "percent_agreement_people",
    ]
    assert [(found.name, found.rater) for found in rater_quality(project)] == [("gold_accuracy", ann)]


def test_the_ruler_is_fitted_along_with_the_estimates(project: Project) -> None:
    trace = a_trace(project, n_steps=4)
    for _ in range(3):
        say(a_rater(project), trace, "good", "bad", "neutral", "good")
    report = measure_project(project, resamples=0)
    assert report.ruler is not None
    assert report.ruler.data_version == report.data_version
    alone = a_project()
    say(a_rater(alone), a_trace(alone, n_steps=1), "good")
    report = measure_project(alone, resamples=0)
    assert (report.ruler, bool(report.why_no_ruler)) == (None, True)


@pytest.mark.parametrize("broken", ["fit_ruler", "agreement_estimates"])
def test_what_breaks_loses_nothing_else(
    project: Project, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    trace = a_trace(project, n_steps=4)
    for _ in range(3):
        say(a_rater(project), trace, "good", "bad", "neutral", "good")

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("annotate.measure.actions." + broken, fails)
    with pytest.raises(RuntimeError):
        measure_project(project, resamples=0)
    assert Ruler.objects.filter(project=project).exists() is (broken != "fit_ruler")
    assert Estimate.objects.filter(project=project).exists() is (broken == "fit_ruler")
