"""What SIGKILL costs: a run whose worker is killed again and again, held against the same run left in peace.

Run with: .venv/bin/python -m tests.benchmarks.bench_kill [number of kills]
Each line is one database with one broker; what this machine lacks is told and left out. Model answers come from a
real HTTP server that writes down every sample it is asked for, so that what is paid twice can be counted:

stored before   samples asked for although they were stored by then (must be 0)
in flight       samples asked for again because the kill came before they were stored
given up        traces failed with a reason because ten workers in a row died while they held them
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.paths import REPOSITORY
from tests.services import POSTGRES, RABBITMQ, REDIS

KILLS = int(sys.argv[1]) if len(sys.argv) > 1 else 20
N_PROBLEMS, N_EACH = 120, 2
ANSWER_SECONDS = 0.05
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


class Ledger:
    """Every sample the server was asked for, in order; its text is its name."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.lock = threading.Lock()
        self.url = ""


def _text(body: dict[str, Any], seed: int) -> str:
    prompt = json.dumps(body["messages"], sort_keys=True)
    luck = hashlib.sha256(f"{prompt}:{seed}".encode()).hexdigest()
    return f"So {luck[:16]}. Answer: {42 if luck[0] < '3' else 41}"


@contextmanager
def a_server() -> Iterator[Ledger]:
    ledger = Ledger()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            texts = [_text(body, body["seed"] + i) for i in range(body["n"])]
            with ledger.lock:
                ledger.asked += texts
            time.sleep(ANSWER_SECONDS)
            choices = [
                {
                    "index": i,
                    "message": {"role": "assistant", "content": text},
                    "finish_reason": "stop",
                }
                for i, text in enumerate(texts)
            ]
            usage = {"prompt_tokens": 7, "completion_tokens": 5 * len(texts)}
            payload = json.dumps({"choices": choices, "usage": usage}).encode()
            try:
                self.send_response(200)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)
            except OSError:
                self.close_connection = True  # whoever asked is dead

        def log_message(self, format: str, *args: object) -> None:
            """Keep the table readable."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Whoever asked was killed."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ledger.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield ledger
    finally:
        server.shutdown()


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
