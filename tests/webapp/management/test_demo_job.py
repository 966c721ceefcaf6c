from __future__ import annotations

import stat
from pathlib import Path

import pytest

from annotate.enums import RunState, UnitState
from annotate.errors import Conflict
from annotate.models import Person, Run
from annotate.prelabel.actions import open_run
from tests.factories import a_person, a_project, a_trace
from webapp.management import demo_job

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sign_in_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "sign-ins.json"
    monkeypatch.setattr(demo_job, "SIGN_INS", path)
    return path


def test_passwords_are_made_once_and_kept_for_the_owner_of_the_account_alone(sign_in_file: Path) -> None:
    first = demo_job.sign_ins()
    assert demo_job.sign_ins() == first
    assert len(set(first.values())) == len(demo_job.PEOPLE)
    for name, password in first.items():
        assert Person.objects.get(username=name).check_password(password)
    assert stat.S_IMODE(sign_in_file.stat().st_mode) == 0o600


def test_the_demo_never_takes_over_somebody_elses_account() -> None:
    manager = a_person("manager")
    with pytest.raises(Conflict, match="manager"):
        demo_job.sign_ins()
    manager.refresh_from_db()
    assert manager.check_password("manager-manager")
    assert not Person.objects.filter(username="ann").exists()


def test_the_judges_of_the_demo_are_audited_once_and_taken_up_again() -> None:
    project = a_project()
    for _ in range(2):
        a_trace(project)
    open_run(project, strategy="verifier/arithmetic")
    judge = open_run(project, strategy="judge/critique", backend="scripted:", audit=False).rater

    (audit,) = demo_job.audits(project)
    Run.objects.filter(pk=audit.pk).update(state=RunState.CANCELLED)
    audit.units.update(state=UnitState.CANCELLED)
    (again,) = demo_job.audits(project)

    assert (again.pk, again.rater, again.state) == (audit.pk, judge, RunState.QUEUED)
    assert again.units.filter(state=UnitState.PENDING).count() == 2
