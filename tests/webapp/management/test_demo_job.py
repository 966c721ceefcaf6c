from __future__ import annotations

import stat
from pathlib import Path

import pytest

from annotate.errors import Conflict
from annotate.models import Person
from tests.factories import a_person
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
