"""What people say of a trace reaches the queue's order by itself: the sweep finds it, nothing is sent on submitting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kombu.exceptions import OperationalError

from annotate.consensus.actions import run_consensus
from annotate.enums import Outcome, RaterKind
from annotate.models import Project, Trace, Turn
from tests.annotate.assign.queues import a_queue, person, read_next
from tests.factories import a_label, a_rater
from tests.workers.site import Site, a_site
from workers.tasks import consensus

pytestmark = pytest.mark.django_db


def a_valued_queue() -> Project:
    project = a_queue(n_traces=2, overlap=2, policy="value")
    Trace.objects.filter(project=project).update(outcome=Outcome.WRONG)
    for name, at in (("judge/one", 1), ("judge/two", 0)):
        judge = a_rater(project, RaterKind.JUDGE, name)
        for trace in project.traces.all():
            for step in list(trace.steps.all())[: at + 1]:
                a_label(judge, step, "bad" if step.position == at else "good")
    run_consensus(project, policy="posterior", settings={"audit_share": 0})
    return project


def unheard(project: Project) -> int:
    return Turn.objects.filter(project=project, unheard__gt=0).count()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    found: list[int] = []

    def note(kwargs: dict[str, Any], **_: Any) -> None:
        found.append(kwargs["project_id"])

    monkeypatch.setattr(consensus.work_worth, "apply_async", note)
    return found


def test_the_sweep_sends_projects_with_a_fit_in_which_something_was_said(sent: list[int]) -> None:
    project = a_valued_queue()
    without_fit = a_queue(n_traces=1)
    consensus.sweep()
    assert sent == []
    for each in (project, without_fit):
        read_next(each, person(each, "bob"), "good", "bad")
    consensus.sweep()
    assert sent == [project.pk]
    consensus.work_worth(project_id=project.pk)
    consensus.sweep()
    assert sent == [project.pk]


def test_a_broker_that_does_not_answer_loses_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    project = a_valued_queue()
    read_next(project, person(project, "bob"), "good", "bad")

    def away(**_: Any) -> None:
        raise OperationalError("away")

    with monkeypatch.context() as patch:
        patch.setattr(consensus.work_worth, "apply_async", away)
        consensus.sweep()
    assert "could not be sent" in caplog.text
    assert unheard(project) == 1
    consensus.work_worth(project_id=project.pk)
    assert unheard(project) == 0


def test_projects_that_are_gone_are_passed_over() -> None:
    consensus.work_worth(project_id=0)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with a_site(tmp_path / "site") as site:
        yield site


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(240)
def test_a_worker_hears_what_is_submitted_without_being_asked(site: Site) -> None:
    project = a_valued_queue()
    site.start_worker()
    read_next(project, person(project, "bob"), "good", "bad")
    assert unheard(project) == 1
    site.wait_until(lambda: unheard(project) == 0)
