"""A real worker process says that it is there, and that it has gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from annotate.prelabel.runs.attendance import on_duty
from tests.workers.site import a_site

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]


def test_an_idle_worker_is_seen_and_signs_off_when_told_to_stop(tmp_path: Path) -> None:
    with a_site(tmp_path / "site") as site:
        site.start_worker("--queues", "cpu,io")
        site.wait_until(lambda: on_duty().exists())
        assert [worker.queues for worker in on_duty()] == ["cpu,io"]
        assert site.terminate() == 0, site.log()[-2000:]
        assert not on_duty().exists()
