"""The disk under PostgreSQL's labels is full for a while, with people at work and a run under way."""

from __future__ import annotations

import random
import shutil
import time
from typing import Any

from tests.faults.installation import Installation
from tests.faults.ledger import a_server
from tests.faults.scene import (
    a_run,
    a_scene,
    added,
    counted_people,
    counted_run,
    doubled_labels,
    is_over,
    people_at_work,
    until,
)
from tests.faults.small_disk import a_small_disk

FULL = "disk is full"


def trial(site: Installation, seconds: float, dice: random.Random) -> dict[str, int]:
    from django.db import connection

    from annotate.models import Label

    scene = a_scene("full", n_problems=10 + round(seconds), n_people=2)
    web, worker = site.parts["web"], site.parts["worker"]
    with a_server() as ledger, a_small_disk(site.home / "small", 8) as disk:
        space = disk.path / "space"
        space.mkdir()
        shutil.chown(space, "postgres")
        _do(connection, f"CREATE TABLESPACE small LOCATION '{space}'")
        _do(connection, "ALTER TABLE annotate_label SET TABLESPACE small")
        # Not a page with room left by rows that are gone: people could go on for as long as it takes them to fill it.
        _do(connection, "VACUUM (FULL) annotate_label")
        for part in (web, worker):
            if part.process is None or part.process.poll() is not None:
                part.start()
        web.wait()
        try:
            with people_at_work(scene, site.address) as readers:
                until(lambda: any(reader.said.labels for reader in readers), 120)
                disk.fill()
                run = a_run(scene.slug, ledger)

                def told() -> int:
                    return sum(n for one in readers for why, n in one.said.reasons.items() if FULL in why)

                was_told = until(lambda: told() > 0, 120)
                time.sleep(seconds)
                n_full = Label.objects.count()
                disk.make_room()
                goes_on = until(lambda: Label.objects.count() > n_full + 5, 120)
                is_done = until(lambda: is_over(run), 240, worker)
        finally:
            disk.make_room()
            connection.close()
            _do(connection, "ALTER TABLE annotate_label SET TABLESPACE pg_default")
            _do(connection, "DROP TABLESPACE small")
    plain_failures = sum(reader.said.reasons[""] for reader in readers)
    return {
        "times people were told that the disk is full": told(),
        "pages that failed": plain_failures + (not was_told),
        "labels doubled": doubled_labels(run),
    } | added(
        counted_people(readers),
        counted_run(run, ledger),
        {"held for ever": int(not goes_on) + int(not is_done)},
    )


def _do(connection: Any, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
