from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import call_command

from annotate.enums import RaterKind
from tests.annotate.measure.ruler.scene import a_read_project
from tests.factories import a_label, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


def run_command(*arguments: str) -> str:
    out = StringIO()
    call_command("measure", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def slug() -> str:
    project = a_project(slug="sums")
    step, other, *_ = a_trace(project).steps.all()
    a_label(a_rater(project, RaterKind.GOLD, "gold"), step, "good")
    for name, value in (("ann", "good"), ("sim", "unsure")):
        rater = a_rater(project, name=name, is_simulated=name == "sim")
        a_label(rater, step, value)
        a_label(rater, other, "bad")
    return project.slug


def test_table_shows_intervals_n_and_who_is_simulated(slug: str) -> None:
    printed = " ".join(run_command(slug).split())
    assert "From 5 labels" in printed
    assert "1.00 (0.21–1.00) 1 accuracy against gold, ann" in printed
    assert (
        "sim (simulated): has labelled no item whose answer is known; 1 unsure, taken as missing" in printed
    )
    assert "not estimable 1 alpha, people" in printed


def test_json_keeps_unknown_as_null(slug: str) -> None:
    answer = json.loads(run_command(slug, "--json", "--resamples", "10"))
    found = {(entry["name"], entry["rater"]): entry for entry in answer["estimates"]}
    assert found["gold_accuracy", "ann"]["value"] == 1.0
    unknown = found["gold_accuracy", "sim"]
    assert (unknown["value"], unknown["low"], unknown["is_simulated"]) == (None, None, True)
    assert unknown["reason"]
    assert found["percent_agreement_people", None]["n"] == 1


def test_project_without_labels_says_so() -> None:
    assert "has no labels yet" in run_command(a_project().slug)


def test_the_ruler_is_printed_with_the_rest_or_why_there_is_none(slug: str) -> None:
    assert "No ruler: It takes 3 labelled steps at least" in run_command(slug, "--resamples", "0")
    assert json.loads(run_command(slug, "--json", "--resamples", "0"))["ruler"] is None
    _, raters = a_read_project(n_traces=3, slug="products")
    printed = " ".join(run_command("products", "--resamples", "0").split())
    assert "Ruler 1.0: 3 raters on one scale from 90 labels" in printed
    assert raters[2].name in printed
    ruler = json.loads(run_command("products", "--json", "--resamples", "0"))["ruler"]
    assert (ruler["version"], ruler["converged"], ruler["n_labels"]) == ("2.0", True, 90)
    assert ruler["raters"][0]["rater"] == raters[2].name
