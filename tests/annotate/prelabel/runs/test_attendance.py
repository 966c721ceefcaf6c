from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from annotate.models import Worker
from annotate.prelabel.runs.attendance import on_duty, sign, sign_off

pytestmark = pytest.mark.django_db


def names() -> list[str]:
    return [worker.name for worker in on_duty()]


def age(name: str, **by: float) -> None:
    Worker.objects.filter(name=name).update(seen_at=timezone.now() - timedelta(**by))


def test_a_worker_is_on_duty_from_its_sign_until_it_signs_off() -> None:
    sign("host-1", "cpu,io")
    sign("host-2", "gpu")
    assert names() == ["host-1", "host-2"]
    sign_off("host-1")
    assert names() == ["host-2"]


def test_a_killed_worker_is_missed_and_a_new_sign_brings_it_back() -> None:
    sign("host-1", "cpu")
    age("host-1", seconds=36)
    assert names() == []
    sign("host-1", "cpu")
    assert names() == ["host-1"]
    assert Worker.objects.count() == 1


def test_who_is_long_gone_is_forgotten() -> None:
    sign("host-1", "cpu")
    age("host-1", days=2)
    sign("host-2", "cpu")
    assert [worker.name for worker in Worker.objects.all()] == ["host-2"]
