"""Web, worker, broker and database are killed at random moments while people label and a run is under way."""

from __future__ import annotations

import random
import time

from tests.faults.installation import Installation
from tests.faults.ledger import a_server
from tests.faults.scene import (
    a_run,
    a_scene,
    added,
    counted_people,
    counted_run,
    is_over,
    people_at_work,
    until,
)

PARTS = ("web", "worker", "broker", "database")


def trial(site: Installation, seconds: float, dice: random.Random, *, pause: float) -> dict[str, int]:
    """``pause`` is how many seconds lie between two kills, about."""
    from django.db import connection

    with a_server(answer_seconds=0.3) as ledger:
        scene = a_scene("shaken", n_problems=30 + round(seconds))
        run = a_run(scene.slug, ledger)
        connection.close()  # which the first kill of the database would break
        web, worker = site.parts["web"], site.parts["worker"]
        for part in (web, worker):
            if part.process is None:
                part.start()
        web.wait()
        with people_at_work(scene, site.address) as readers:
            ends = time.monotonic() + seconds
            while time.monotonic() < ends:
                time.sleep(dice.uniform(0.3, 1.7) * pause)
                part = site.parts[dice.choice(PARTS)]
                part.kill()
                time.sleep(dice.uniform(0, 2))
                part.start()
                part.wait()
            for name in PARTS:
                site.parts[name].wait()
        until(lambda: is_over(run), 600, worker)
        kills = {f"kills of {name}": part.kills for name, part in site.parts.items() if part.kills}
        return kills | added(counted_people(readers), counted_run(run, ledger))
