"""Two workers on machines of their own share a run, over a network, and the cable of one is cut in the middle."""

from __future__ import annotations

import random
import time
from typing import Any

from tests.faults.installation import Installation
from tests.faults.ledger import a_server
from tests.faults.scene import a_run, a_scene, counted_run, is_over, until

NAMES = ("gpu-a", "gpu-b")


def trial(site: Installation, seconds: float, dice: random.Random) -> dict[str, int]:
    from annotate.models import Unit

    first = site.machines[0]
    with a_server(answer_seconds=0.4, host="0.0.0.0") as ledger:
        ledger.url = ledger.url.replace("0.0.0.0", first.server)
        scene = a_scene("far-apart", n_problems=12 + round(seconds), n_people=0)
        run = a_run(scene.slug, ledger)
        ledger.answers.clear()
        _page(run)  # the first time takes as long as reading the program does
        crew = [site.worker(f"worker {machine.name}", at=machine) for machine in site.machines]
        for part in crew:
            part.start()

        def at_work() -> list[str]:
            held = Unit.objects.filter(run=run, state="running", worker__contains="@")
            return sorted(set(held.values_list("worker", flat=True)))

        # However busy the machine, both have units of the run before the first answer.
        are_both_there = until(lambda: len(at_work()) == 2, 240, *crew)
        page = _page(run)
        ledger.answers.set()
        begun = len(ledger.asked)
        until(lambda: len(ledger.asked) > begun + 40, 120)
        n_named = sum(f"{machine.name} ({machine.address})" in page for machine in site.machines)
        paid = len(ledger.asked)
        first.cut()
        cut_at = time.monotonic()
        try:
            is_done = until(lambda: is_over(run), 240, crew[1])
            took = time.monotonic() - cut_at
        finally:
            # Before its cable is whole again: a worker that comes back asks on for what it had in hand.
            for part in crew:
                part.kill()
            first.mend()
        counts = counted_run(run, ledger)
        return counts | {
            "machines at work together": 2 if are_both_there else 1,
            "machines named on the page": n_named,
            "samples before the cut": paid,
            "seconds from the cut to the end": round(took),
            "held for ever": counts["held for ever"] + (not is_done),
        }


def _page(run: int) -> str:
    from django.test import Client

    from tests.factories import a_person

    client: Any = Client(headers={"host": "localhost"})
    client.force_login(a_person("alice"))
    return str(client.get(f"/runs/{run}/").content.decode())
