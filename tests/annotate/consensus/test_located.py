from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annotate.consensus.evidence import voters_of
from annotate.consensus.guarantee import fewest_gold, guarantee_of, is_held_out, without
from annotate.consensus.located import SOMEBODY, conditioned, heard_voters, raters_of
from annotate.enums import RaterKind
from annotate.stats.locate.layout import Layout
from annotate.stats.locate.result import LocationPosterior
from tests.annotate.consensus.policies.evidence import ANN, GOLD, JUDGE, OTHER_JUDGE, PROBE, ROLLOUT, TOOL
from tests.factories import a_criterion, a_label, a_project, a_rater, a_trace


def test_who_is_heard():
    everybody = (ANN, JUDGE, TOOL, ROLLOUT, GOLD, PROBE)

    assert heard_voters(everybody, "verdict", with_machines=True) == [ANN, JUDGE, TOOL]
    assert heard_voters(everybody, "verdict", with_machines=False) == [ANN]
    assert heard_voters(everybody, "style", with_machines=True) == []


def test_judges_of_one_base_model_are_a_family_and_everybody_else_one_of_their_own():
    one, other = (replace(judge, family="qwen3-8b") for judge in (JUDGE, OTHER_JUDGE))

    ids, raters = raters_of([ANN, one, TOOL, other])

    assert ids == (ANN.rater, JUDGE.rater, TOOL.rater, OTHER_JUDGE.rater, *SOMEBODY.values())
    assert raters.kind.tolist() == [0, 1, 2, 1, 0, 1, 2]
    assert raters.family[1] == raters.family[3]
    assert len(set(raters.family.tolist())) == 6


@pytest.mark.django_db
def test_the_family_is_the_model_behind_the_backend():
    project = a_project()
    step = a_trace(project).steps.first()
    config = {"strategy": "judge/critique", "backend": "openai:http://a/v1?model=Big-1", "settings": {}}
    for name in ("judge/one", "judge/two"):
        a_label(a_rater(project, RaterKind.JUDGE, name, config=config), step, "good")
    a_label(a_rater(project, name="ann", config=config), step, "good")

    assert [(v.name, v.family) for v in voters_of(project, [a_criterion(project)])] == [
        ("ann", ""),
        ("judge/one", "big-1"),
        ("judge/two", "big-1"),
    ]


def test_places_ruled_out_leave_the_others_in_proportion():
    layout = Layout.of(np.array([2, 1]))
    posterior = LocationPosterior(layout, np.array([0.2, 0.3, 0.5, 0.9, 0.1]))

    some = conditioned(posterior, np.array([True, False, False, False, False]))
    nothing_left = conditioned(posterior, np.array([False, False, False, True, True]))

    assert some.probability == pytest.approx([0, 0.375, 0.625, 0.9, 0.1])
    assert nothing_left.probability == pytest.approx(posterior.probability)


def test_half_of_the_traces_is_held_out_and_always_the_same_half():
    held = [trace for trace in range(2000) if is_held_out(3, trace)]

    assert 900 < len(held) < 1100
    assert held == [trace for trace in range(2000) if is_held_out(3, trace)]
    assert held != [trace for trace in range(2000) if is_held_out(4, trace)]


@pytest.mark.parametrize(("method", "needed"), [("none", 0), ("conformal", 102), ("certified", 252)])
def test_how_much_gold_it_takes(method, needed):
    assert fewest_gold(method, 0.02) == needed


def test_a_threshold_keeps_what_held_out_traces_allow():
    n = 100
    trace = np.repeat(np.arange(n), 2)
    risk, wrong = np.tile([0.01, 0.3], n), np.tile([False, True], n)

    found = guarantee_of("conformal", 0.02, 0.05, risk, wrong, trace)
    refused = guarantee_of("conformal", 0.02, 0.05, risk, np.ones(2 * n, dtype=bool), trace)

    assert (found.keep_below, found.n_traces, found.error, found.kept, found.reason) == (
        0.01,
        100,
        0.0,
        0.5,
        "",
    )
    assert (refused.keep_below, refused.assumption) == (0.02, "")
    assert "cannot show an error of 0.05" in refused.reason
    assert without("none", 0.1, 0.02, "because").as_json()["reason"] == "because"
