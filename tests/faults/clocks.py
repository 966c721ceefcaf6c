"""Two workers share a run and two web servers their readers, when their clocks jump an hour ahead and an hour back."""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


def absence() -> str:
    return "" if shutil.which("cc") else "no C compiler for a clock that is wrong (cc)"


@dataclass(frozen=True)
class OwnClock:
    """The clock of some processes, right until it is put; how fast time passes for them is not touched."""

    path: Path
    library: Path

    @property
    def environment(self) -> dict[str, str]:
        self.put(0)
        return {"LD_PRELOAD": str(self.library), "WRONG_CLOCK": str(self.path)}

    def put(self, seconds: int) -> None:
        waiting = self.path.with_suffix(".new")
        waiting.write_text(str(seconds))
        waiting.replace(self.path)


def library_in(folder: Path) -> Path:
    """What makes a clock wrong, compiled."""
    made = folder / "wrong_clock.so"
    source = Path(__file__).with_name("wrong_clock.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", made, source], check=True, capture_output=True)
    return made


def trial(site: Installation, seconds: float, dice: random.Random) -> dict[str, int]:
    from annotate.models import Unit
    from workers.shift import work_shift

    with (
        a_server(answer_seconds=0.3) as ledger,
        a_server(answer_seconds=0) as swept_ledger,
        a_server(answer_seconds=0) as calm_ledger,
    ):
        scene = a_scene("apart", n_problems=10 + round(seconds), n_people=2)
        run = a_run(scene.slug, ledger)
        # However busy the machine, both have units of the run before the first answer.
        ledger.answers.clear()
        library = library_in(site.home)
        ahead, behind = (OwnClock(site.home / f"{name}.clock", library) for name in ("ahead", "behind"))
        crew = [
            site.worker("worker ahead", more=ahead.environment),
            site.worker("worker behind", more=behind.environment),
        ]
        web, other_address = site.web("web ahead", more=ahead.environment)
        for part in (*crew, web):
            part.start()
        web.wait()
        if site.parts["web"].process is None:
            site.parts["web"].start()
        site.parts["web"].wait()
        with people_at_work(scene, site.address, other_address) as readers:
            began = time.monotonic()
            until(lambda: _n_workers(run) == 2, 240, *crew)
            until(lambda: all(reader.said.labels for reader in readers), 240)
            ahead.put(3600)
            behind.put(-3600)
            ledger.answers.set()
            until(lambda: is_over(run), 240, *crew)
            time.sleep(max(0.0, seconds - (time.monotonic() - began)))
        claims = list(Unit.objects.filter(run=run).values_list("attempts", flat=True))
        # Only a sweep would take this up: nobody is told of it.
        swept = a_run(scene.slug, swept_ledger, rater_name="rollout/swept@1")
        is_swept = until(lambda: is_over(swept), 120, *crew)
        for part in (*crew, web):
            part.stop()
        calm = a_run(scene.slug, calm_ledger, rater_name="rollout/calm@1")
        while work_shift(calm).has_more:
            pass
        return {
            "workers that took part": _n_workers(run),
            "units stolen": sum(claims) - len(claims),
            "readings stolen": sum(reader.said.refused for reader in readers),
            "labels that differ": len(_said(run) ^ _said(calm)) + len(_said(swept) ^ _said(calm)),
        } | added({"held for ever": int(not is_swept)}, counted_people(readers), counted_run(run, ledger))


def _n_workers(run: int) -> int:
    from annotate.models import Unit

    return Unit.objects.filter(run=run).exclude(worker="").values("worker").distinct().count()


def _said(run: int) -> set[tuple[Any, ...]]:
    from annotate.models import Label

    return set(Label.objects.live().filter(run=run).values_list("step", "criterion", "value", "score"))
