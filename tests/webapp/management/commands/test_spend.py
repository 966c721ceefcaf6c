from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from annotate.models import Project, Run
from tests.annotate.consensus.markets import a_market
from tests.factories import a_project
from webapp.management.commands import spend

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    runs: list[Run] = []
    monkeypatch.setattr(spend, "send_run", runs.append)
    return runs


def said(project: Project, *options: str) -> str:
    out = StringIO()
    call_command("spend", project.slug, *options, stdout=out)
    return " ".join(out.getvalue().split())


def test_a_plan_is_told_with_what_it_rests_on_and_nothing_is_bought(sent: list[Run]) -> None:
    told = said(a_market())
    assert "2 more votes each" in told
    assert "A person reads each" in told
    assert "20.0 seconds a step, assumed" in told
    assert "40 tokens, $4e-05 an answer, at $1 a million tokens (2 answers)." in told
    assert sent == []


def test_a_budget_that_buys_nothing_is_said(sent: list[Run]) -> None:
    told = said(a_market(), "--budget", "0.000000001")
    assert told.startswith("Nothing that fits the budget is expected to put anything right.")
    assert sent == []


def test_what_is_named_is_bought(sent: list[Run]) -> None:
    project = a_market()
    told = said(project, "--buy", "rollouts", "votes")
    assert sent
    assert f"Run {sent[0].pk} is queued over" in told
    # Where an hour costs next to nothing people are the ones to ask.
    told = said(project, "--buy", "person", "--person-hour", "0.01", "--million-tokens", "1000")
    assert "readings were added to the queue" in told


def test_the_plan_as_json(sent: list[Run]) -> None:
    found = json.loads(said(a_market(), "--json", "--traces", "2"))
    assert (found["n_left_out"], found["n_timed"]) == (4, 0)
    assert {one["what"] for one in found["lots"]} <= {"rollouts", "votes", "person"}
    assert sum(len(one["places"]) for one in found["lots"]) == 2


def test_without_a_fit_it_is_said_how_to_get_one() -> None:
    with pytest.raises(CommandError, match="--policy posterior"):
        said(a_project())
    with pytest.raises(CommandError, match="above 0"):
        said(a_market(), "--budget", "0")
