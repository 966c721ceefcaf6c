"""Two workers on machines of their own share a run over a network; the cable of each is cut and mended."""

from __future__ import annotations

import random
import time
from typing import Any

from tests.faults.installation import LEASE_SECONDS, Installation
from tests.faults.ledger import a_server
from tests.faults.scene import a_run, a_scene, counted_run, is_over, until

NAMES = ("gpu-a", "gpu-b")
# Connections are tried again after ten seconds at most.
BACK_SECONDS = 20


def trial(site: Installation, seconds: float, dice: random.Random) -> dict[str, int]:
    from annotate.models import Unit

    first, second = site.machines
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
        try:
            first.cut()
            cut_at = time.monotonic()
            # Its units are another's by then, and that one is still at them.
            until(lambda: is_over(run) or time.monotonic() - cut_at > 2 * LEASE_SECONDS, 60)
            first.mend()
            again = len(ledger.asked)
            until(lambda: is_over(run) or len(ledger.asked) > again + 80, 120, *crew)
            paid_again = len(ledger.asked)
            second.cut()
            is_done = until(lambda: is_over(run), 240, crew[0])
            took = time.monotonic() - cut_at
            over = len(ledger.asked)
            second.mend()
            # What it had in hand is all done by now.
            time.sleep(BACK_SECONDS)
        finally:
            for part in crew:
                part.kill()
            for machine in site.machines:
                machine.mend()
        counts = counted_run(run, ledger)
        return counts | {
            "machines at work together": 2 if are_both_there else 1,
            "machines named on the page": n_named,
            "samples before the cut": paid,
            "samples before the other's": paid_again,
            "asked for after the end": len(ledger.asked) - over,
            "seconds from the first cut to the end": round(took),
            "held for ever": counts["held for ever"] + (not is_done),
        }


def _page(run: int) -> str:
    from django.test import Client

    from tests.factories import a_person

    client: Any = Client(headers={"host": "localhost"})
    client.force_login(a_person("alice"))
    return str(client.get(f"/runs/{run}/").content.decode())
