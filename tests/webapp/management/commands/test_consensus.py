from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from annotate.enums import RunState
from annotate.models import Pulse, Run
from tests.annotate.consensus.corpus import a_corpus
from tests.factories import a_label, a_project, a_rater, a_trace

pytestmark = pytest.mark.django_db


def run_command(*arguments: str) -> str:
    out = StringIO()
    call_command("consensus", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def slug() -> str:
    project = a_project(slug="sums")
    trace = a_trace(project)
    a_label(a_rater(project, name="ann"), trace.steps.first(), "good")
    return project.slug


def test_the_command_prints_the_funnel(slug):
    out = run_command(slug, "--policy", "majority")

    assert "Nobody labelled it" in out
    assert "All steps" in out


def test_the_command_prints_json_and_takes_settings(slug):
    answer = json.loads(run_command(slug, "--policy", "majority", "--set", "min_votes=2", "--json"))

    assert answer["settings"]["min_votes"] == 2
    assert [(row["reason"], row["steps"]) for row in answer["funnel"] if row["steps"]] == [
        ("all", 3),
        ("no_label", 2),
        ("too_few_votes", 1),
    ]
    assert answer["run"] == Run.objects.get().pk


def test_a_command_that_is_interrupted_stops_its_run(slug, monkeypatch):
    def interrupt(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("annotate.consensus.actions._write", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_command(slug, "--policy", "majority")
    assert Run.objects.get().state == RunState.CANCELLED
    # Else a worker would make it.
    assert not Pulse.objects.exists()


def test_the_command_says_what_a_posterior_rests_on_and_shows_it_again():
    project = a_project(slug="many")
    a_corpus(project)

    first = run_command("many", "--policy", "posterior")
    again = run_command("many", "--run", "0")

    for out in (first, again):
        assert "Tier A: rollouts and judges agree" in out
        assert "No guarantee: 0 traces with a known answer" in out
        assert "Assumed: no answer is known" in out
    told = json.loads(run_command("many", "--run", str(Run.objects.get().pk), "--json"))
    assert told["learned"]["guarantee"]["keep_below"] == 0.02
    assert told["criterion"] == "verdict"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sums",), "field policy: name a policy to run, or a run to show"),
        (
            ("sums", "--policy", "majority", "--run", "1"),
            "field policy: name a policy to run, or a run to show",
        ),
        (("sums", "--run", "0"), "field run: sums has no finished consensus yet"),
        (("sums", "--policy", "majority", "--criterion", "style"), "asks no 'style'"),
        (("nowhere", "--policy", "majority"), "no project named nowhere"),
        (("sums", "--policy", "majority", "--set", "min_votes"), "not of the form key=value"),
        (
            ("sums", "--policy", "majority", "--set", "min_votes=two"),
            "field min_votes: must be a whole number",
        ),
        (("sums", "--policy", "majority", "--set", "a=1", "--set", "a=2"), "a is set twice"),
    ],
)
def test_a_mistake_is_one_clear_line(slug, arguments, message):
    with pytest.raises(CommandError, match=message):
        run_command(*arguments)
    assert not Run.objects.exists()
