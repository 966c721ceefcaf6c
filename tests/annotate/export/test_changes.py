from __future__ import annotations

import pytest

from annotate.consensus.actions import run_consensus
from annotate.enums import RaterKind
from annotate.export.actions import build_release
from annotate.models import Release
from tests.annotate.export.decided import Decided, a_decided_project, say
from tests.factories import a_label, a_rater, a_trace

pytestmark = pytest.mark.django_db


@pytest.fixture
def decided() -> Decided:
    return a_decided_project(whole=("ggg", "ggg"), torn=("gg", "gb"), gap=("g", "b"))


def released(
    decided: Decided, folder, *, format: str = "trl_stepwise", consensus: bool = True, **policy
) -> Release:
    if consensus:
        run_consensus(decided.project, policy="majority", settings=policy)
    return build_release(decided.project, folder=folder, format=format)


def kinds_of(release: Release) -> list[tuple[str, str, str, str, int]]:
    return [
        (one["change"], one["before"], one["after"], one["because"], one["steps"])
        for one in release.changes["kinds"]
    ]


def test_a_first_release_has_nothing_before_it(decided, tmp_path):
    assert released(decided, tmp_path).changes == {}


def test_the_same_run_again_changed_nothing(decided, tmp_path):
    released(decided, tmp_path)
    again = released(decided, tmp_path, consensus=False)
    assert again.changes["since"] == 1
    assert again.changes["steps"] == {"added": 0, "lost": 0, "relabelled": 0, "same": 6}
    assert again.changes["kinds"] == again.changes["policy"] == again.changes["counts"] == []


def test_every_change_is_named_with_its_cause(decided, tmp_path):
    released(decided, tmp_path)
    # A third reading breaks the tie; two more turn a step; a reviewer settles the gap; a trace comes in.
    cem, dot = a_rater(decided.project), a_rater(decided.project)
    say(cem, decided.traces["torn"], "-b")
    third = decided.traces["whole"].steps.get(position=2)
    for rater in (cem, dot, a_rater(decided.project)):
        a_label(rater, third, "bad")
    review = a_rater(decided.project, RaterKind.REVIEW, "reviewers")
    a_label(review, decided.traces["gap"].steps.get(), "bad", decided_by=decided.ann)
    say(cem, a_trace(decided.project, n_steps=1, external_id="new"), "g")

    release = released(decided, tmp_path)

    assert sorted(kinds_of(release)) == [
        ("added", "", "good (majority)", "new_trace", 1),
        ("added", "ask (tie)", "bad (majority)", "new_labels", 1),
        ("added", "ask (tie)", "bad (reviewer_decided)", "reviewed", 1),
        ("relabelled", "good (majority)", "bad (majority)", "new_labels", 1),
    ]
    assert release.changes["steps"] == {"added": 3, "lost": 0, "relabelled": 1, "same": 3}
    assert {(one["trace_name"], one["step"]) for one in release.changes["examples"]} == {
        ("torn", 1),
        ("whole", 2),
        ("gap", 0),
        ("new", 0),
    }


def test_a_step_that_fell_with_the_one_before_it_is_not_said_to_be_learned(decided, tmp_path):
    released(decided, tmp_path)
    first = decided.traces["whole"].steps.get(position=0)
    for _ in range(3):
        a_label(a_rater(decided.project), first, "bad")

    release = released(decided, tmp_path)

    assert kinds_of(release) == [
        ("lost", "good (majority)", "drop (after_first_error)", "neighbours", 2),
        ("relabelled", "good (majority)", "bad (majority)", "new_labels", 1),
    ]


def test_another_rule_is_a_cause_and_its_parameters_are_named(decided, tmp_path):
    released(decided, tmp_path, format="jsonl")

    release = released(decided, tmp_path, format="jsonl", min_votes=3)

    assert ("lost", "good (majority)", "ask (too_few_votes)", "policy", 4) in kinds_of(release)
    assert release.changes["policy"] == [{"name": "min_votes", "before": 1, "after": 3}]


def test_labels_that_were_there_are_heard_because_of_the_rule(decided, tmp_path):
    judge = a_rater(decided.project, RaterKind.JUDGE, "judge/one@v1")
    say(judge, decided.traces["torn"], "-b")
    released(decided, tmp_path, format="jsonl")

    release = released(decided, tmp_path, format="jsonl", with_machines=True)

    assert kinds_of(release) == [("added", "ask (tie)", "bad (majority)", "policy", 1)]


def test_another_format_is_a_setting_that_changed(decided, tmp_path):
    released(decided, tmp_path)
    release = released(decided, tmp_path, format="jsonl", consensus=False)
    assert {"name": "format", "before": "trl_stepwise", "after": "jsonl"} in release.changes["settings"]
    labels = released(decided, tmp_path, format="labels", consensus=False)
    assert labels.changes == {}
    again = released(decided, tmp_path, format="labels", consensus=False)
    assert again.changes == {"since": 3, "settings": [], "counts": []}
