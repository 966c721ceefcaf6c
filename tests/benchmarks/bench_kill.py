"""What SIGKILL costs: a run whose worker is killed again and again, held against the same run left in peace.

Run with: .venv/bin/python -m tests.benchmarks.bench_kill [number of kills]
Each line is one database with one broker; what this machine lacks is told and left out. Model answers come from a
real HTTP server that writes down every sample it is asked for, so that what is paid twice can be counted:

stored before   samples asked for although they were stored by then (must be 0)
in flight       samples asked for again because the kill came before they were stored
given up        traces failed with a reason because ten workers in a row died while they held them
"""

from __future__ import annotations

import json
import logging
import os
import random
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.faults.ledger import a_server
from tests.paths import REPOSITORY
from tests.services import POSTGRES, RABBITMQ, REDIS

KILLS = int(sys.argv[1]) if len(sys.argv) > 1 else 20
N_PROBLEMS, N_EACH = 120, 2
COLUMNS = (
    "kills while it worked",
    "completions",
    "lost",
    "twice",
    "labels",
    "differ",
    "stored before",
    "in flight",
    "given up",
)


@contextmanager
def a_database(kind: str, home: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{home}/kill.sqlite3"
        return
    import psycopg

    name = f"bench_kill_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(POSTGRES.address, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield POSTGRES.address.rpartition("/")[0] + f"/{name}"
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def one_place(broker: str, home: Path) -> dict[str, int]:  # noqa: PLR0915 - one trial from end to end
    """The whole trial on the database of DATABASE_URL."""
    import django

    django.setup()
    logging.disable(logging.INFO)
    from django.core.management import call_command

    from annotate.models import Completion, Label, Run, Unit
    from annotate.prelabel.actions import open_run
    from tests.annotate.prelabel.worlds import traces_of
    from tests.factories import a_project
    from tests.workers.site import a_site
    from workers.shift import work_shift

    call_command("migrate", verbosity=0)
    project = a_project()
    traces_of(project, N_PROBLEMS, N_EACH)
    wanted = {"strategy": "rollout/scan", "settings": {"k": 4, "sc_samples": 8}}

    def stored(run: Run) -> set[str]:
        return set(Completion.objects.filter(run=run).values_list("text", flat=True))

    def rows(run: Run) -> list[tuple[Any, ...]]:
        facts = ("digest", "sample", "about", "text", "finish_reason")
        return list(Completion.objects.filter(run=run).order_by("digest", "sample").values_list(*facts))

    def labels(run: Run) -> set[tuple[Any, ...]]:
        live = Label.objects.live().filter(run=run)
        return {(step, value, score) for step, value, score in live.values_list("step", "value", "score")}

    def is_at_work(run: Run, past: set[str], enough: int) -> bool:
        has_enough = Completion.objects.filter(run=run).count() >= enough
        return has_enough and Unit.objects.filter(run=run, state="running").exclude(worker__in=past).exists()

    dice = random.Random(11)
    with a_server() as calm_server, a_server() as ledger, a_site(home / "site", broker) as site:
        address = "openai:{}?model=m&selftest=no&parallel={}"
        calm = open_run(project, backend=address.format(calm_server.url, 32), **wanted)  # type: ignore[arg-type]
        while work_shift(calm.pk).has_more:
            pass
        shaken = open_run(project, backend=address.format(ledger.url, 4), **wanted)  # type: ignore[arg-type]
        n_useful = paid_twice = 0
        marks: list[tuple[int, set[str]]] = []
        for _ in range(KILLS):
            # What the killed ones held still stands under their names.
            past = set(Unit.objects.filter(run=shaken).values_list("worker", flat=True))
            site.start_worker()
            # Anywhere from having claimed to having stored some batches, and then in the middle of something.
            moment = dice.uniform(0.0, 0.4)
            enough = Completion.objects.filter(run=shaken).count() + dice.choice((0, 1, 30, 60))
            busy_since = 0.0
            deadline = time.monotonic() + 90
            while not busy_since or time.monotonic() < busy_since + moment:
                is_over = Run.objects.get(pk=shaken.pk).is_over
                if is_over or time.monotonic() > deadline:
                    break
                if not busy_since and is_at_work(shaken, past, enough):
                    busy_since = time.monotonic()
                time.sleep(0.01)
            is_useful = bool(busy_since) and not Run.objects.get(pk=shaken.pk).is_over
            site.kill()
            n_useful += is_useful
            time.sleep(0.1)  # what the server had received is written down by now
            marks.append((len(ledger.asked), stored(shaken)))
        site.start_worker()
        site.wait_until(lambda: Run.objects.get(pk=shaken.pk).is_over, seconds=600)
        for place, held in marks:
            end = next((later for later, _ in marks if later > place), len(ledger.asked))
            paid_twice += sum(text in held for text in ledger.asked[place:end])
        again = sum(n - 1 for n in Counter(ledger.asked).values())
        texts = {row[3] for row in rows(calm)}
        return {
            "kills while it worked": n_useful,
            "completions": len(rows(shaken)),
            "lost": len(texts - stored(shaken)),
            "twice": len(rows(shaken)) - len({row[:2] for row in rows(shaken)}),
            "labels": len(labels(shaken)),
            "differ": len({(row[0], row[1]) for row in labels(shaken)} ^ {row[:2] for row in labels(calm)})
            + (rows(shaken) != rows(calm)),
            "stored before": paid_twice,
            "in flight": again - paid_twice,
            "given up": Unit.objects.filter(run=shaken, state="failed").count(),
        }


def main() -> None:
    places = (
        ("sqlite", "folder", "filesystem://", ()),
        ("postgres", "redis", REDIS.address, (POSTGRES, REDIS)),
        ("postgres", "rabbitmq", RABBITMQ.address, (POSTGRES, RABBITMQ)),
    )
    print(f"{'':22}" + "".join(f"{column:>{len(column) + 2}}" for column in COLUMNS))
    for database, name, broker, needs in places:
        if missing := [service.absence for service in needs if service.absence]:
            print(f"{database} + {name}: left out, {'; '.join(missing)}")
            continue
        with tempfile.TemporaryDirectory() as folder, a_database(database, Path(folder)) as url:
            facts = {"GRADUS_HOME": folder, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "webapp.settings"}
            trial = subprocess.run(
                [sys.executable, "-m", "tests.benchmarks.bench_kill", str(KILLS), broker, folder],
                cwd=REPOSITORY,
                env=os.environ | facts,
                stdout=subprocess.PIPE,
                check=True,
            )
        counts = json.loads(trial.stdout.splitlines()[-1])
        cells = "".join(f"{counts[column]:>{len(column) + 2},}" for column in COLUMNS)
        print(f"{f'{database} + {name}':22}{cells}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        print(json.dumps(one_place(sys.argv[2], Path(sys.argv[3]))))
    else:
        main()
