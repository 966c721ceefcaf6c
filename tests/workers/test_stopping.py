"""Neither a model server that never answers nor a model that cannot leave off holds up a cancelled run or a worker."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from annotate.enums import RunState, UnitState
from annotate.models import Completion, Run, Unit
from annotate.prelabel.actions import cancel_run
from tests.faults.ledger import a_server
from tests.faults.scene import address_of
from tests.workers.site import a_script, a_site
from tests.workers.test_kill import a_corpus, a_run, state_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]


def units(run: Run, state: UnitState) -> int:
    return Unit.objects.filter(run=run, state=state).count()


def test_silence_holds_up_neither_a_cancelled_run_nor_a_worker_that_is_to_stop(tmp_path: Path) -> None:
    project = a_corpus(12)
    with a_server(answer_seconds=0.0) as silent, a_site(tmp_path / "site") as site:
        silent.answers.clear()
        first = a_run(project, address_of(silent), "rollout/first@1", k=4)
        site.start_worker()
        site.wait_until(lambda: len(silent.asked) > 0)

        cancel_run(first)
        site.wait_until(lambda: state_of(first) == RunState.CANCELLED, seconds=20)
        assert units(first, UnitState.RUNNING) == units(first, UnitState.PENDING) == 0
        site.wait_until(lambda: silent.n_gone > 0, seconds=5)

        n_before = len(silent.asked)
        second = a_run(project, address_of(silent), "rollout/second@1", k=4)
        deaf = a_script(tmp_path / "deaf.json", sleeps=400, seconds=300)
        third = a_run(project, deaf, "rollout/third@1", k=4)
        site.wait_until(
            lambda: len(silent.asked) > n_before and units(third, UnitState.RUNNING) > 0, seconds=60
        )
        began = time.monotonic()
        assert site.terminate() == 0
        assert time.monotonic() - began < 30
    for run in (second, third):
        assert units(run, UnitState.RUNNING) == 0
        assert units(run, UnitState.PENDING) == 12
        assert state_of(run) == RunState.RUNNING
    # What never came is nobody's answer.
    assert not Completion.objects.exists()
