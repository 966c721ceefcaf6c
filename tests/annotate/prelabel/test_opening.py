from __future__ import annotations

from typing import Any

import pytest

from annotate.errors import Rejected
from annotate.models import Project, Run
from annotate.prelabel.actions import may_use, open_run
from annotate.prelabel.strategies import STRATEGIES
from tests.annotate.prelabel.worlds import a_rich_project, an_entry
from tests.factories import a_pair, a_trace

pytestmark = pytest.mark.django_db
ALLOWED = ("openai:http://llm/*",)


@pytest.fixture
def project() -> Project:
    project = a_rich_project()
    a_pair(a_trace(project), a_trace(project))
    return project


def with_entry(monkeypatch: pytest.MonkeyPatch, *args: Any, **facts: Any) -> None:
    monkeypatch.setitem(STRATEGIES, "judge/table", an_entry(*args, **facts))  # type: ignore[misc]


def refused(project: Project, **options: Any) -> str | None:
    with pytest.raises(Rejected) as caught:
        open_run(project, strategy="judge/table", backend="openai:http://llm/v1", **options)
    assert not Run.objects.exists()
    return caught.value.field


def test_a_strategy_that_compares_makes_units_of_pairs(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_entry(monkeypatch, "pair", usual_criterion="preference")
    run = open_run(project, strategy="judge/table", backend="openai:http://llm/v1")
    assert run.criterion.key == "preference"
    assert [(unit.trace, unit.pair) for unit in run.units.all()] == [(None, project.pairs.get())]


def test_pairs_and_traces_are_not_mixed_up(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with_entry(monkeypatch, "pair", usual_criterion="preference")
    assert refused(project, criterion_key="verdict") == "criterion"
    assert refused(project, pairs=project.pairs.none()) == "pairs"
    with_entry(monkeypatch)
    assert refused(project, criterion_key="preference") == "criterion"
    assert refused(project, pairs=project.pairs.all()) == "pairs"


def test_another_projects_pair_is_refused(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with_entry(monkeypatch, "pair", usual_criterion="preference")
    other = a_rich_project()
    assert refused(other, pairs=project.pairs.all()) == "pairs"


def test_a_player_may_be_used_where_the_backend_may(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_entry(monkeypatch)
    assert refused(project, settings={"helper": "transformers:/etc"}, allowed_backends=ALLOWED) == "helper"
    settings = {"helper": "openai:http://llm/v1?model=b"}
    backend = "openai:http://llm/v1"
    run = open_run(
        project, strategy="judge/table", backend=backend, settings=settings, allowed_backends=ALLOWED
    )
    assert run.settings["helper"] == settings["helper"]


def test_a_fixed_player_needs_no_permission(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with_entry(monkeypatch, needs_backend=False, players={"helper": "=scripted:ours.json"})
    assert open_run(project, strategy="judge/table", allowed_backends=()).backend == ""


@pytest.mark.parametrize(
    ("address", "is_allowed"), [("sandbox:", True), ("sandbox:/etc", False), ("sandboxes:x", False)]
)
def test_the_bare_sandbox_is_always_allowed(address: str, is_allowed: bool) -> None:
    assert may_use(address, ()) is is_allowed
