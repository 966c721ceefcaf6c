from __future__ import annotations

import time
from typing import Any

import pytest
from django.db import OperationalError

from annotate import clock
from annotate.clock import steady
from annotate.models import Run, Unit
from annotate.prelabel.actions import claim_units, open_run, release_units
from tests.annotate.prelabel.worlds import traces_of
from tests.factories import a_project
from workers import leases
from workers.leases import Leases

pytestmark = pytest.mark.django_db(transaction=True)

SECONDS = 1.5


@pytest.fixture
def run() -> Run:
    project = a_project()
    traces_of(project, 3, 1)
    return open_run(project, strategy="rollout/scan", backend="scripted:unused", settings={})


def holding(run: Run, seconds: float = SECONDS) -> tuple[Leases, list[Unit]]:
    held, since = Leases("w1", seconds), steady()
    units = claim_units(run, "w1", 3, lease_seconds=seconds)
    held.hold(units, since=since)
    return held, units


def taken_over(unit: Unit) -> None:
    Unit.objects.filter(pk=unit.pk).update(worker="w2", attempts=unit.attempts + 1, lease_until=clock.now())


def until(is_so: Any) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_lease_that_is_kept_alive_is_never_in_doubt(run: Run) -> None:
    held, units = holding(run)
    with held:
        until(lambda: Unit.objects.filter(run=run, lease_until__gt=clock.now()).count() == 3)
        began = steady()
        while steady() < began + 2 * SECONDS:
            assert held.is_sure
            time.sleep(0.05)
    assert held.held() == units


def test_a_lease_is_in_doubt_once_it_was_not_extended_for_as_long_as_it_lasts(run: Run) -> None:
    held, units = holding(run)
    assert held.is_sure
    until(lambda: not held.is_sure)
    # Nobody wanted them meanwhile.
    assert held.lost() == set()
    assert held.is_sure
    assert Unit.objects.filter(run=run, lease_until__gt=clock.now()).count() == 3
    assert held.held() == units


def test_what_another_has_taken_is_found_out_and_no_longer_held(run: Run) -> None:
    held, (first, second, third) = holding(run)
    with held:
        taken_over(second)
        until(lambda: not held.is_sure)
        assert held.lost() == {second.pk}
    assert held.held() == [first, third]
    assert held.lost() == set()


def test_what_was_finished_or_claimed_anew_meanwhile_is_not_lost(run: Run) -> None:
    held, (first, second, _) = holding(run, seconds=60)
    release_units(run, [held.drop(first.pk), held.drop(second.pk)])
    [again] = claim_units(run, "w1", 1)
    held.hold([again], since=steady())
    # A heartbeat that was sent with both of them, answered only now.
    held._gone = [first, second]
    assert not held.is_sure
    assert held.lost() == set()
    assert again in held.held()


def test_leases_that_ran_out_are_told_of_even_when_they_were_extended_again(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = leases.heartbeat

    def away(*args: Any, **more: Any) -> set[int]:
        raise OperationalError("away")

    held, _ = holding(run)
    monkeypatch.setattr(leases, "heartbeat", away)
    with held:
        until(lambda: not held.is_sure)
        with pytest.raises(OperationalError):
            held.lost()
        monkeypatch.setattr(leases, "heartbeat", whole)
        until(lambda: held._has_lapsed)
        # In between somebody may have had them and stored what they ask.
        assert not held.is_sure
        assert held.lost() == set()
        assert held.is_sure


def test_whoever_holds_nothing_doubts_nothing() -> None:
    assert Leases("w1", SECONDS).is_sure
