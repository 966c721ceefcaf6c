"""Runs that wait for slow models leave a worker room for everything else, and each of them gets its turn."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest

from annotate import clock
from annotate.enums import RunState, UnitState, UploadState
from annotate.ingest.uploads import Store, add_piece, ask_ingest, begin_upload
from annotate.models import Project, Pulse, Unit, Upload
from tests.factories import a_person
from tests.faults.ledger import a_server
from tests.faults.scene import address_of
from tests.workers.site import Site, a_site
from tests.workers.test_kill import a_corpus, a_run, state_of
from workers.celery import NOTICE_SECONDS, NOTICE_SWEEP

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

N_RUNS = 6


def at_work() -> int:
    return Unit.objects.filter(state=UnitState.RUNNING).values("run").distinct().count()


def a_file(project: Project, site: Site) -> Upload:
    row = {"id": "new", "problem": {"text": "1 + 1?"}, "steps": ["It is 2."]}
    body = json.dumps(row).encode()
    store = Store(site.home / "uploads", 1 << 30)
    upload = begin_upload(project, a_person("alice"), store, name="x.jsonl", size=len(body))
    add_piece(upload, store, offset=0, body=BytesIO(body))
    return ask_ingest(upload, store)


def test_runs_with_a_silent_model_leave_room_for_the_rest(tmp_path: Path) -> None:
    project = a_corpus(4)
    with a_server(answer_seconds=0.0) as slow, a_site(tmp_path / "site") as site:
        slow.answers.clear()
        runs = [a_run(project, address_of(slow), f"rollout/r{i}@1", k=2) for i in range(N_RUNS)]
        site.start_worker()
        site.wait_until(lambda: at_work() == 4, seconds=120)
        # Longer than sweeps take to come round several times, and for the other runs to be sent.
        time.sleep(20)
        last = Pulse.objects.get(name=NOTICE_SWEEP).beat_at
        assert clock.now() - last < timedelta(seconds=3 * NOTICE_SECONDS)
        assert at_work() == 4
        upload = a_file(project, site)
        # Nobody but the sweep tells the worker of it.
        Upload.objects.update(asked_at=clock.now() - timedelta(minutes=5))
        site.wait_until(lambda: Upload.objects.get(pk=upload.pk).state == UploadState.DONE, seconds=60)

        assert {state_of(run) for run in runs} <= {RunState.RUNNING, RunState.QUEUED}
        slow.answers.set()
        site.wait_until(lambda: {state_of(run) for run in runs} == {RunState.DONE}, seconds=120)
