"""What people submit reaches the ruler by itself: the sweep finds it, nothing is sent when somebody submits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kombu.exceptions import OperationalError

from annotate.measure.ruler import actions
from annotate.measure.ruler.actions import fit_ruler
from annotate.models import Ruler
from tests.annotate.measure.ruler.scene import a_read_project, submit
from tests.workers.site import Site, a_site
from workers.tasks import measure

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What the sweep sends, as (task, project)."""
    found: list[tuple[str, int]] = []
    for task in (measure.work_sessions, measure.work_fit):

        def note(kwargs: dict[str, Any], name: str = task.name, **_: Any) -> None:
            found.append((name, kwargs["project_id"]))

        monkeypatch.setattr(task, "apply_async", note)
    return found


def test_the_sweep_sends_rulers_on_which_somebody_waits(sent: list[tuple[str, int]]) -> None:
    project, raters = a_read_project(n_traces=2)
    idle, _ = a_read_project(n_traces=2, seed=2)
    fit_ruler(project)
    fit_ruler(idle)
    measure.sweep()
    assert sent == []
    submit(raters[0], ["bad"] * 10)
    measure.sweep()
    assert sent == [("measure.work_sessions", project.pk)]
    measure.work_sessions(project_id=project.pk)
    sent.clear()
    measure.sweep()
    assert sent == []
    assert Ruler.objects.get(project=project).version == "1.1"


def test_a_ruler_that_has_become_old_is_fitted_anew_once(
    sent: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "ENOUGH_NEW", 10)
    project, raters = a_read_project(n_traces=2)
    fit_ruler(project)
    submit(raters[0], ["bad", "good"] * 5)
    measure.sweep()
    assert ("measure.work_fit", project.pk) in sent
    for _ in range(2):
        measure.work_fit(project_id=project.pk)
    assert Ruler.objects.get(project=project, is_current=True).version == "2.0"


def test_a_broker_that_does_not_answer_loses_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    project, raters = a_read_project(n_traces=2)
    fit_ruler(project)
    submit(raters[0], ["bad"] * 10)

    def away(**_: Any) -> None:
        raise OperationalError("away")

    with monkeypatch.context() as patch:
        patch.setattr(measure.work_sessions, "apply_async", away)
        measure.sweep()
    assert "could not be sent" in caplog.text
    measure.work_sessions(project_id=project.pk)
    assert Ruler.objects.get(project=project).version == "1.1"


def test_projects_that_are_gone_are_passed_over() -> None:
    measure.work_measure(project_id=0)
    measure.work_sessions(project_id=0)
    measure.work_fit(project_id=0)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with a_site(tmp_path / "site") as site:
        yield site


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(240)
def test_a_worker_places_what_is_submitted_without_being_asked(site: Site) -> None:
    project, raters = a_read_project(n_traces=2)
    fit_ruler(project)
    site.start_worker()
    submit(raters[0], ["bad"] * 10)
    site.wait_until(lambda: Ruler.objects.get(project=project, is_current=True).version == "1.1")
    submit(raters[1], ["bad"] * 10)
    site.wait_until(lambda: Ruler.objects.get(project=project, is_current=True).version == "1.2")
