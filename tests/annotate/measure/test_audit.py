from __future__ import annotations

from typing import Any

import pytest

from annotate.enums import RunState, Scope, UnitState
from annotate.errors import Rejected
from annotate.measure.actions import measure_project, record_audit, set_judge_gate
from annotate.measure.audit import audit_estimates, checked_gate, trust_of
from annotate.measure.queries import is_stale, rater_quality
from annotate.models import Criterion, Estimate, Project, Run, Unit
from annotate.models.project import usual_judge_gate
from annotate.prelabel.actions import open_run
from annotate.prelabel.audit.actions import audits_of, open_audit
from annotate.prelabel.audit.counts import FamilyCounts
from annotate.prelabel.audit.kinds import TRACES
from annotate.prelabel.audit.probe import HELD, Result
from annotate.stats.accuracy import wilson_interval
from tests.factories import a_criterion, a_label, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    project = a_project()
    for name in ("one", "two"):
        a_trace(project, external_id=name)
    return project


@pytest.fixture
def audit(project: Project) -> Run:
    return audits_of(open_run(project, strategy="judge/critique", backend="scripted:").rater).get()


def found(**families: list[Result]) -> dict[str, Any]:
    """A unit's findings with these results, all other families empty."""
    counts = {name: FamilyCounts() for name in TRACES.families}
    for name, results in families.items():
        for result in results:
            counts[name].add(result, "a question", "what was asked")
    return {"summary": {"families": {name: one.as_json() for name, one in counts.items()}}}


def finished(run: Run, *findings: dict[str, Any]) -> Run:
    for unit, facts in zip(run.units.order_by("pk"), findings, strict=True):
        Unit.objects.filter(pk=unit.pk).update(state=UnitState.DONE, findings=facts)
    Run.objects.filter(pk=run.pk).update(state=RunState.DONE)
    run.refresh_from_db()
    return run


FAILED, UNREAD = Result("failed", "moved"), Result("unread", "cut off")


def rates(run: Run) -> dict[str, Estimate]:
    return {one.name.removeprefix("audit/"): one for one in audit_estimates(run)}


def test_rates_are_counts_over_all_traces_with_wilsons_interval(audit):
    finished(
        audit,
        found(master_key_alone=[HELD] * 7 + [FAILED, UNREAD], bias_verbosity=[HELD]),
        found(master_key_alone=[HELD] * 9 + [FAILED], bias_verbosity=[FAILED, HELD, HELD]),
    )

    found_rates = rates(audit)

    keys, bias = found_rates["master_key_alone"], found_rates["bias_verbosity"]
    assert (keys.value, keys.n, keys.detail["k"]) == (16 / 18, 18, 16)
    assert (keys.low, keys.high) == wilson_interval(16, 18)
    assert (keys.detail["unread"], keys.detail["n_unread"]) == ([("cut off", 1)], 1)
    assert {example["about"] for example in keys.detail["examples"]} == {"one", "two"}
    assert (bias.value, bias.n, bias.detail["k"]) == (1 / 4, 4, 1), "a bias is counted by what did not hold"


def test_what_could_not_be_measured_has_no_value_and_says_why(audit):
    finished(audit, found(flipped_digit=[UNREAD]), found(shuffled=[Result("n/a", "no pair of steps")]))

    found_rates = rates(audit)

    assert (found_rates["flipped_digit"].value, found_rates["flipped_digit"].n) == (None, 0)
    assert found_rates["flipped_digit"].reason == "no verdict could be read: cut off"
    assert found_rates["shuffled"].reason == "does not arise: no pair of steps"
    assert found_rates["reworded"].reason == "no trace was finished"


def test_failed_units_are_counted_and_left_out(audit):
    finished(audit, found(gold_solution=[HELD]), {})
    last = audit.units.order_by("-pk").first()
    Unit.objects.filter(pk=last.pk).update(state=UnitState.FAILED)

    gold = rates(audit)["gold_solution"]

    assert (gold.n, gold.detail["n_units"], gold.detail["n_failed"]) == (1, 1, 1)


def test_recording_replaces_the_last_audit_and_measuring_keeps_it(project, audit):
    finished(audit, found(gold_solution=[FAILED]), found())
    record_audit(audit)
    newer = finished(open_audit(audit.rater, audit.criterion), found(gold_solution=[HELD]), found())

    recorded = record_audit(newer)

    assert len(recorded) == len(TRACES.families) == Estimate.objects.filter(name__startswith="audit/").count()
    for _ in range(2):
        assert Estimate.objects.get(name="audit/gold_solution").value == 1.0
        assert Estimate.objects.get(name="audit/gold_solution").detail["run"] == newer.pk
        measure_project(project)


def test_an_audit_cut_short_is_not_used(audit):
    finished(audit, found(gold_solution=[FAILED]), found())
    Run.objects.filter(pk=audit.pk).update(state=RunState.CANCELLED)

    assert record_audit(audit) == ()
    assert not Estimate.objects.exists()


def test_an_audit_says_nothing_of_whether_labels_were_measured(project, audit):
    trace = project.traces.first()
    a_label(a_rater(project), trace.steps.get(position=0), "good")
    measure_project(project)
    a_label(a_rater(project), trace.steps.get(position=1), "good")

    record_audit(finished(audit, found(gold_solution=[HELD]), found()))

    assert is_stale(project) is True
    assert not rater_quality(project).filter(name__startswith="audit/").exists()


def estimates(scope: Scope = Scope.STEP, **values: float | None) -> list[Estimate]:
    return [
        Estimate(
            name=f"audit/{name}", value=value, reason="" if value else "?", criterion=Criterion(scope=scope)
        )
        for name, value in values.items()
    ]


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({}, "unaudited"),
        ({"master_key_alone": 1.0, "gold_solution": 0.8}, "trusted"),
        ({"master_key_alone": 0.98, "gold_solution": 0.9}, "below"),
        ({"master_key_alone": None, "gold_solution": 0.9}, "trusted"),
        ({"master_key_alone": 1.0, "gold_solution": 0.79}, "below"),
        ({"reworded": 0.0}, "trusted"),
    ],
)
def test_a_judge_is_held_against_the_gate(values, state):
    assert trust_of(estimates(**values), usual_judge_gate()).state == state


def test_a_shortfall_is_told_in_figures_and_a_bias_may_only_be_low():
    gate = {"gold_solution": 0.8, "bias_verbosity": 0.1}
    trust = trust_of(estimates(gold_solution=0.5, bias_verbosity=0.25), gate)
    assert trust.reason == (
        "known solution accepted: 0.5, wanted at least 0.8; swayed by length: 0.25, wanted at most 0.1"
    )
    assert trust_of(estimates(bias_verbosity=0.05), {"bias_verbosity": 0.1}).state == "trusted"


def test_rates_that_could_not_be_measured_are_named():
    trust = trust_of(estimates(gold_solution=None), usual_judge_gate())
    assert [family.name for family in trust.unmeasured] == [
        "master_key_alone",
        "master_key_appended",
        "gold_solution",
    ]


def test_what_judges_of_a_kind_are_never_asked_is_not_asked_of_them_by_the_gate():
    pairs = trust_of(estimates(Scope.PAIR, master_key_alone=1.0, gold_pair=0.5), usual_judge_gate())
    assert pairs.reason == "known better side preferred: 0.5, wanted at least 0.8"
    assert [family.name for family in pairs.unmeasured] == ["master_key_appended"]
    steps = trust_of(estimates(master_key_alone=1.0), usual_judge_gate())
    assert [family.name for family in steps.unmeasured] == ["master_key_appended", "gold_solution"]


def test_a_project_has_the_usual_gate_until_it_states_its_own(project):
    assert Project.objects.get(pk=project.pk).judge_gate == usual_judge_gate()

    set_judge_gate(project, {"reworded": 1, "gold_solution": 0.5})

    assert Project.objects.get(pk=project.pk).judge_gate == {"gold_solution": 0.5, "reworded": 1.0}
    assert checked_gate({}) == {}


@pytest.mark.parametrize(
    "gate",
    [
        {"charm": 0.5},
        {"gold_solution": 1.5},
        {"gold_solution": -0.1},
        {"gold_solution": "0.5"},
        {"gold_solution": True},
        {"gold_solution": None},
        {"gold_solution": float("nan")},
    ],
)
def test_a_gate_that_means_nothing_is_refused_by_name(project, gate):
    with pytest.raises(Rejected) as refusal:
        set_judge_gate(project, gate)
    assert refusal.value.field == next(iter(gate))
    assert Project.objects.get(pk=project.pk).judge_gate == usual_judge_gate()


def test_an_audit_without_units_leaves_every_rate_open(project, audit):
    Unit.objects.all().delete()

    assert {one.value for one in audit_estimates(audit)} == {None}
    assert a_criterion(project) == audit.criterion
