from __future__ import annotations

import pytest

from annotate.consensus.actions import run_consensus
from annotate.consensus.explore.actions import explore_run
from annotate.consensus.explore.contrast import contrast_of
from annotate.consensus.explore.queries import columns_of, exploration_of, has_later_labels, runs_beside
from annotate.consensus.explore.reading import HELD_OUT, LEARNT, UNREAD
from annotate.enums import Action, RaterKind
from annotate.errors import Conflict
from annotate.models import Exploration, Label, Project
from tests.factories import a_label, a_project, a_rater, a_trace

from .scene import PROMPT, SECONDS, WRITTEN, a_decided_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return a_decided_project()


def test_a_finished_run_is_counted_and_its_own_threshold_keeps_what_it_kept(project):
    run = run_consensus(project, policy="posterior")

    detail = exploration_of(run).detail

    own = next(point for point in detail["curve"] if point["risk"] == detail["own"][0])
    believed = run.consensus.filter(action=Action.KEEP, reason="believed").count()
    agreed = run.consensus.filter(reason="agreed", risk__gt=detail["own"][0]).count()
    assert own["kept"] == detail["decided"]["kept"] - agreed
    assert believed
    assert detail["n_steps"] == run.consensus.count()
    assert detail["n_behind"] == run.consensus.filter(reason="after_first_error").count()
    kept = [point["kept"] for point in detail["curve"]]
    assert kept == sorted(kept)
    assert sum(one["n"] for one in detail["tiers"]) == run.consensus.exclude(tier="").count()


def test_gold_says_how_much_is_wrong(project):
    detail = exploration_of(run_consensus(project, policy="posterior")).detail

    last = detail["curve"][-1]["gold"]
    assert detail["gold"] == {
        "n_steps": 120,
        "n_traces": 20,
        "n_contested": 0,
        "use": LEARNT,
        "by_error": True,
    }
    assert 0 < last["n"] <= 120
    assert last["low"] <= last["value"] <= last["high"]
    strict = next(point for point in detail["curve"] if point["risk"] == 0.01)
    assert strict["gold"]["value"] <= last["value"]


def test_what_a_policy_did_with_gold_is_said(project):
    majority = run_consensus(project, policy="majority", settings={"with_machines": True})
    assert exploration_of(majority).detail["gold"]["use"] == UNREAD
    assert exploration_of(majority).detail["curve"] == []
    run = run_consensus(project, policy="posterior")
    run.summary["learned"]["guarantee"]["n_traces"] = 7
    run.save()
    held = explore_run(run).detail["gold"]
    assert held["use"] == HELD_OUT
    assert 0 < held["n_traces"] < 20


def test_dawid_skene_risks_are_those_of_its_levels_and_scans_targets_are_none(project):
    run = run_consensus(project, policy="dawid_skene", settings={"confidence": 0.9})
    detail = exploration_of(run).detail
    assert detail["own"] == [0.1]
    own = next(point for point in detail["curve"] if point["risk"] == 0.1)
    assert own["kept"] == detail["decided"]["kept"]
    assert exploration_of(run_consensus(project, policy="scan")).detail["curve"] == []


def test_costs_are_all_that_was_spent(project):
    costs = exploration_of(run_consensus(project, policy="majority")).detail["costs"]

    assert costs["tokens"] == 2 * (PROMPT + WRITTEN)
    people = Label.objects.filter(rater__kind=RaterKind.PERSON).count()
    assert costs["seconds"] == pytest.approx(people * SECONDS)
    assert costs["pace"] == SECONDS
    by_name = {one["name"]: one for one in costs["rows"]}
    assert by_name["judge/careful@v1"]["prompt_tokens"] == PROMPT
    assert by_name["judge/careful@v1"]["dollars"] is None
    assert "gold/key" not in by_name


def test_disputes_and_first_errors_are_of_everybody_who_may_speak(project):
    detail = exploration_of(run_consensus(project, policy="majority")).detail

    overall = detail["disputes"]["overall"]
    assert 0 < overall["k"] < overall["n"]
    assert set(detail["disputes"]["divisions"]) == {"position", "kind", "outcome", "model"}
    assert {one["title"] for one in detail["disputes"]["divisions"]["model"]} == {"tiny-1b", "small-7b"}
    kinds = {(one["one"], one["other"]) for one in detail["disputes"]["meetings"]}
    assert ("person", "judge") in kinds
    assert not any("rollout" in pair for pair in kinds)
    raters = {one["one"] for one in detail["places"]["pairs"]} | {
        one["other"] for one in detail["places"]["pairs"]
    }
    assert {"rollout/fixed@v1", "judge/hasty@v1", "lena"} <= raters
    assert "gold/key" not in raters


def test_counting_again_takes_in_what_was_said_since(project):
    run = run_consensus(project, policy="majority")
    first = exploration_of(run)
    step = run.consensus.filter(action=Action.KEEP).first().step
    assert not has_later_labels(first, project)
    late = a_label(a_rater(project, RaterKind.GOLD, "gold/late"), step, "unsure")
    assert has_later_labels(first, project)

    again = explore_run(run)

    assert again.newest_label == late.pk
    assert Exploration.objects.filter(run=run).count() == 1


def test_two_keys_that_differ_are_no_key(project):
    gold = project.raters.get(name="gold/key")
    label = Label.objects.filter(rater=gold, value="good").first()
    a_label(a_rater(project, RaterKind.GOLD, "gold/other"), label.step, "bad")

    found = exploration_of(run_consensus(project, policy="majority")).detail["gold"]

    assert (found["n_contested"], found["n_steps"]) == (1, 119)


def test_runs_of_one_question_stand_beside_each_other(project):
    first = run_consensus(project, policy="majority", settings={"with_machines": True})
    second = run_consensus(project, policy="posterior")
    other_question = run_consensus(project, policy="scan")

    assert list(runs_beside(second)) == [first]
    assert other_question not in runs_beside(first)
    found = contrast_of(columns_of(first), columns_of(second))
    assert found.n == first.consensus.count()
    differing = set(found.steps().tolist())
    told = {one.step_id: (one.action, one.value) for one in first.consensus.all()}
    assert differing == {
        one.step_id for one in second.consensus.all() if (one.action, one.value) != told[one.step_id]
    }


def test_an_exploration_of_an_earlier_form_is_none(project):
    run = run_consensus(project, policy="majority")
    Exploration.objects.filter(run=run).update(detail={"form": 0})
    assert exploration_of(run) is None
    Exploration.objects.filter(run=run).delete()
    with pytest.raises(Conflict, match="not been counted"):
        columns_of(run)


def test_a_project_without_a_label_has_something_to_say_of_it():
    project = a_project()
    a_trace(project)

    detail = exploration_of(run_consensus(project, policy="majority")).detail

    assert (detail["n_steps"], detail["decided"]["kept"], detail["decided"]["asked"]) == (3, 0, 3)
    assert detail["disputes"]["overall"]["n"] == 0
    assert detail["places"] == {"pairs": [], "left_out": 0}
    assert detail["costs"]["rows"] == []
