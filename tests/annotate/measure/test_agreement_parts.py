from __future__ import annotations

import pytest

from annotate.enums import RaterKind
from annotate.measure.agreement_parts import DEEPEST, MOST_RATERS
from annotate.measure.estimates import agreement_estimates
from annotate.measure.queries import criterion_labels
from annotate.models import Estimate, Project
from tests.annotate.measure.ruler.scene import say
from tests.factories import a_criterion, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


def alpha_of(project: Project) -> Estimate:
    labels = criterion_labels(a_criterion(project))
    raters = {rater.pk: rater for rater in project.raters.all()}
    found = agreement_estimates(labels, raters, seed=0, resamples=20)
    return next(one for one in found if one.name == "alpha_all")


def test_answers_pairs_and_depths_are_stored_with_alpha() -> None:
    project = a_project()
    steps = list(a_trace(project, n_steps=6).steps.all())
    judge = a_rater(project, RaterKind.JUDGE, "a-judge")
    ann, ben = a_rater(project, name="ann"), a_rater(project, name="ben")
    say(judge, steps, ["good"] * 6)
    say(ann, steps, ["good", "good", "good", "bad", "bad", "bad"])
    say(ben, steps, ["good", "good", "good", "bad", "bad", "good"])
    detail = alpha_of(project).detail
    assert [(one["level"], one["n"]) for one in detail["prevalence"]] == [
        ("Bad", 5),
        ("Neutral", 0),
        ("Good", 13),
    ]
    # People first, whatever they are called.
    assert detail["pairs"]["raters"] == [ann.pk, ben.pk, judge.pk]
    cells = {(one["one"], one["other"]): one for one in detail["pairs"]["cells"]}
    assert (cells[0, 1]["n"], cells[0, 1]["agreement"]) == (6, pytest.approx(5 / 6, abs=1e-4))
    assert cells[0, 1]["kappa"] > 0.5
    # The judge says one thing only: agreement, and none beyond chance.
    assert cells[0, 2]["kappa"] == 0
    assert [one["first"] for one in detail["depths"]] == [0, 1, 2, 3, 4, 5]
    assert detail["depths"][0]["value"] is None
    assert detail["depths"][0]["percent"] == 1
    assert detail["gwet"]["value"] is not None


def test_few_steps_in_common_give_no_kappa_and_the_deepest_are_taken_together() -> None:
    project = a_project()
    steps = list(a_trace(project, n_steps=DEEPEST + 3).steps.all())
    ann, ben = a_rater(project), a_rater(project)
    say(ann, steps, ["good", "bad", "bad"] * 5)
    say(ben, steps[-3:], ["good", "bad", "bad"])
    detail = alpha_of(project).detail
    assert [one["kappa"] for one in detail["pairs"]["cells"]] == [None]
    assert (detail["depths"][-1]["first"], detail["depths"][-1]["is_rest"]) == (DEEPEST - 1, True)


def test_many_raters_are_the_most_diligent_ones() -> None:
    project = a_project()
    steps = list(a_trace(project, n_steps=3).steps.all())
    idle = a_rater(project, name="a-idle")
    say(idle, steps[:1], ["good"])
    for number in range(MOST_RATERS):
        say(a_rater(project, name=f"b-{number}"), steps, ["good", "bad", "good"])
    pairs = alpha_of(project).detail["pairs"]
    assert (len(pairs["raters"]), pairs["n_left_out"]) == (MOST_RATERS, 1)
    assert idle.pk not in pairs["raters"]
