"""The page where a run is started, for every strategy there is."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from django.utils.html import escape

from annotate.ingest.founding import add_criteria
from annotate.ingest.presets import READY_MADE
from annotate.models import Project, Run
from annotate.prelabel.audit.actions import audits_of
from annotate.prelabel.strategies import STRATEGIES
from tests.factories import a_pair, a_project, a_trace
from tests.webapp.views.clients import signed_in
from tests.workers.site import a_script

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr("webapp.views.prelabel.send_run", lambda run: None)
    return signed_in("alice")


def a_corpus() -> Project:
    project = a_project(slug="words")
    a_pair(a_trace(project), a_trace(project))
    return project


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_has_a_form_whose_fields_are_all_named(alice: Client, name: str) -> None:
    a_corpus()
    answer = alice.get("/projects/words/runs/new/", {"strategy": name})
    assert answer.status_code == 200
    page = answer.content.decode()
    assert escape(STRATEGIES[name].title) in page
    for form in (answer.context["form"], answer.context["settings"]):
        for field in form:
            assert f'name="{field.html_name}"' in page
            # A tick box stands inside its label.
            is_wrapped = f"{field} {field.label}</label>" in page
            assert is_wrapped or f'for="{field.id_for_label}"' in page


@pytest.mark.parametrize("name", STRATEGIES)
def test_defaults_open_a_run_or_say_what_is_missing(alice: Client, tmp_path: Path, name: str) -> None:
    a_corpus()
    form = alice.get("/projects/words/runs/new/", {"strategy": name}).context["settings"]
    data = {field.html_name: field.value() for field in form if field.value() not in (None, False)}
    data = {
        key: "\n".join(value) if isinstance(value, list | tuple) else value for key, value in data.items()
    }
    data |= {"strategy": name, "backend": a_script(tmp_path / "script.json")}
    answer = alice.post("/projects/words/runs/new/", data)
    if answer.status_code == 302:
        run = Run.objects.get(name=name)
        assert run.units.exists()
        assert answer["Location"] == f"/runs/{run.pk}/"
        return
    assert answer.status_code == 400
    assert not Run.objects.filter(name=name).exists()
    said = [*answer.context["form"].errors.values(), *answer.context["settings"].errors.values()]
    assert said
    for reasons in said:
        for reason in reasons:
            assert reason in answer.content.decode().replace("&#x27;", "'").replace("&quot;", '"')


def test_a_judge_of_pairs_is_started_from_the_page_and_makes_its_pairs(alice: Client) -> None:
    project = a_project(slug="words")
    first = a_trace(project)
    for text in ("one", "two"):
        a_trace(project, problem=first.problem, texts=[text])
    data = {"strategy": "judge/pairwise", "backend": "scripted:x", "pairs_per_problem": "2"}

    refused = alice.post("/projects/words/runs/new/", data)
    assert refused.status_code == 400
    assert "python3 manage.py rubric words --add preference" in refused.content.decode()

    add_criteria(project, READY_MADE["preference"])
    form = alice.get("/projects/words/runs/new/", {"strategy": "judge/pairwise"})
    assert [key for key, _ in form.context["form"].fields["criterion"].choices] == ["", "preference"]
    data |= {
        field.html_name: field.value()
        for field in form.context["settings"]
        if field.value() not in (None, False)
    }
    assert alice.post("/projects/words/runs/new/", data).status_code == 302
    run = Run.objects.get(name="judge/pairwise")
    assert run.units.count() == 2
    assert audits_of(run.rater).get().units.count() == 2
    again = alice.get("/projects/words/runs/new/", {"strategy": "judge/pairwise"}).context["form"]
    assert "pairs_per_problem" not in again.fields
