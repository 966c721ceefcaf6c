"""The broker takes connections and says nothing for a while, as when a network swallows everything.

People go on labelling, whoever starts a run is answered, and what could not be sent is sent by a sweep afterwards.
"""

from __future__ import annotations

import random
import time
from typing import Any

import httpx2

from tests.faults.installation import Installation
from tests.faults.ledger import a_server
from tests.faults.scene import (
    SETTINGS,
    a_run,
    a_scene,
    added,
    address_of,
    counted_people,
    counted_run,
    is_over,
    people_at_work,
    until,
)

# Longer than a page waits for a broker, by much, for a machine that much else runs on.
PATIENCE = 180.0


def trial(site: Installation, seconds: float, dice: random.Random) -> dict[str, int]:
    with a_server(answer_seconds=0.3) as ledger, a_server() as later_ledger:
        scene = a_scene("unheard", n_problems=6 + round(seconds / 5), n_people=2)
        run = a_run(scene.slug, ledger)
        web, worker, broker = (site.parts[name] for name in ("web", "worker", "broker"))
        for part in (web, worker):
            if part.process is None:
                part.start()
        web.wait()
        until(lambda: bool(ledger.asked), 120, worker)
        with people_at_work(scene, site.address) as readers:
            # A server's first answers take as long as reading the program does.
            until(lambda: all(reader.said.labels for reader in readers), 240)
            broker.freeze()
            before = sum(len(reader.said.labels) for reader in readers)
            began = time.monotonic()
            try:
                started = _post(site, scene.owner, f"projects/{scene.slug}/runs/", _new_run(later_ledger))
                released = _post(site, scene.owner, f"projects/{scene.slug}/releases/", {"format": "labels"})
                longest = max(started["seconds"], released["seconds"])
                time.sleep(max(0.0, seconds - (time.monotonic() - began)))
                meanwhile = sum(len(reader.said.labels) for reader in readers) - before
            finally:
                broker.thaw()
        # By themselves: nobody starts a worker again.
        later = started["body"].get("id", 0)
        until(lambda: is_over(run) and bool(later) and is_over(later), 240)
        own = {
            "seconds away": round(time.monotonic() - began),
            "labels meanwhile": meanwhile,
            "longest wait of a page, s": round(longest),
            "pages that failed": (started["status"] != 201)
            + (released["status"] != 503 or "workers cannot be reached" not in str(released["body"])),
        }
        late = counted_run(later, later_ledger) if later else {"held for ever": 1}
        return own | added(counted_people(readers), counted_run(run, ledger), late)


def _new_run(ledger: Any) -> dict[str, Any]:
    return {
        "strategy": "rollout/scan",
        "backend": address_of(ledger),
        "settings": SETTINGS,
        "rater": "rollout/later@1",
    }


def _post(site: Installation, token: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    began = time.monotonic()
    headers = {"Authorization": f"Token {token}"}
    answer = httpx2.post(f"{site.address}/api/{path}", json=body, headers=headers, timeout=PATIENCE)
    said = answer.json() if answer.headers.get("content-type", "").startswith("application/json") else {}
    return {"status": answer.status_code, "body": said, "seconds": time.monotonic() - began}
