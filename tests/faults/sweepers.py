"""Two sweepers at the same moment, again and again, over units whose worker is gone."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from collections import Counter

from tests.faults.installation import Installation
from tests.faults.ledger import a_server
from tests.faults.scene import a_run, a_scene, counted_run, doubled_labels, is_over

N_SWEEPERS = 4


def trial(site: Installation, seconds: float, dice: random.Random) -> dict[str, int]:
    from annotate.models import Run, Unit
    from annotate.prelabel.actions import claim_units
    from workers.process_name import worker_name
    from workers.shift import work_shift
    from workers.tasks.prelabel import sweep

    # Whatever an earlier trial has started would take the run up.
    for name, part in site.parts.items():
        if name.startswith("worker"):
            part.kill()
    with subprocess.Popen([sys.executable, "-c", "pass"]) as gone:
        pass
    stolen = 0
    with a_server(answer_seconds=0) as ledger:
        scene = a_scene("swept", n_problems=12 + round(seconds), n_each=2, n_people=0)
        run = Run.objects.get(pk=a_run(scene.slug, ledger))
        rounds = max(2, round(seconds))
        for _ in range(rounds):
            dead = worker_name().replace(f"-{os.getpid()}-", f"-{gone.pid}-")
            held = {unit.pk for unit in claim_units(run, dead, 8, lease_seconds=600)}
            before = Counter(dict(Unit.objects.filter(run=run).values_list("pk", "attempts")))
            _at_once(sweep)
            after = Counter(dict(Unit.objects.filter(run=run).values_list("pk", "attempts")))
            # Handing back claims nothing, and nobody's lease but the dead one's ends.
            stolen += sum((after - before).values())
            free = set(Unit.objects.filter(pk__in=held, state="pending").values_list("pk", flat=True))
            stolen += len(held - free)
        claims: Counter[int] = Counter()
        lock = threading.Lock()

        def claim() -> None:
            mine = claim_units(run, worker_name(), 10, lease_seconds=600)
            with lock:
                claims.update(unit.pk for unit in mine)

        _at_once(claim)
        stolen += sum(n - 1 for n in claims.values())
        Unit.objects.filter(run=run, state="running").update(state="pending", lease_until=None)
        while work_shift(run.pk).has_more:
            pass
        assert is_over(run.pk)
        counts = counted_run(run.pk, ledger)
        return {
            "sweeps at once": rounds * N_SWEEPERS,
            "units claimed at once": len(claims),
            "units stolen": stolen,
            "paid twice": counts["asked again"],
            "labels doubled": doubled_labels(run.pk),
        } | {name: counts[name] for name in ("units done", "units given up", "held for ever")}


def _at_once(what: object) -> None:
    """In as many threads as there are sweepers, none of which begins before all are there."""
    from django.db import connection

    gate = threading.Barrier(N_SWEEPERS)
    failures: list[BaseException] = []

    def turn() -> None:
        try:
            gate.wait()
            what()  # type: ignore[operator]
        except BaseException as error:  # noqa: BLE001 - raised below
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=turn) for _ in range(N_SWEEPERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    if failures:
        raise failures[0]
