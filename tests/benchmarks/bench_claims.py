"""What getting the next trace costs with a long queue, and whether twenty people at once ever collide.

Run with: .venv/bin/python -m tests.benchmarks.bench_claims [traces] [claims per person]

For each database: a queue of so many traces with overlap 2, where one person has read the first 30 % already. First
that person claims again and again in this process; then the queue is put into a random order, and twenty people claim,
answer every step and submit through the pages of four real web processes.

doubled      slots that two people submitted, or traces with more readings than the overlap
lost         submits that the page confirmed and the database does not hold, or holds without their labels
errors       answers other than success
"""

from __future__ import annotations

import json
import logging
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.paths import REPOSITORY
from tests.services import POSTGRES

TRACES = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
CLAIMS = int(sys.argv[2]) if len(sys.argv) > 2 else 200
PEOPLE, PROCESSES, STEPS, OVERLAP, ALONE = 20, 4, 3, 2, 300


@contextmanager
def a_database(kind: str, home: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{home}/claims.sqlite3"
        return
    import psycopg

    name = f"bench_claims_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(POSTGRES.address, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield POSTGRES.address.rpartition("/")[0] + f"/{name}"
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def milliseconds(do: Callable[[], Any], times: int) -> list[float]:
    took = []
    for _ in range(times):
        started = time.perf_counter()
        do()
        took.append((time.perf_counter() - started) * 1000)
    return took


def told(took: list[float]) -> str:
    ordered = sorted(took)
    return (
        f"median {statistics.median(ordered):.1f} ms, p95 {ordered[int(len(ordered) * 0.95)]:.1f} ms,"
        f" slowest {ordered[-1]:.1f} ms"
    )


def a_long_queue() -> tuple[Any, Any]:
    """The project, and the person who has read the first 30 % of it."""
    from django.utils import timezone

    from annotate.assign.actions import fill_queue, rater_of
    from annotate.models import Assignment, Problem, Reader, Step, Trace, Turn
    from tests.factories import a_person, a_project

    project = a_project(slug="long", overlap=OVERLAP)
    problem = Problem.objects.create(
        project=project, external_id="p", text="What is six times seven?", content_hash="0" * 64
    )
    for start in range(0, TRACES, 2000):
        traces = Trace.objects.bulk_create(
            Trace(
                project=project,
                problem=problem,
                external_id=f"t{i}",
                n_steps=STEPS,
                text_hash=f"{i:064d}",
                content_hash=f"{i:064d}",
            )
            for i in range(start, min(start + 2000, TRACES))
        )
        Step.objects.bulk_create(
            Step(trace=trace, position=p, text=f"Step {p + 1}.\n", tail=1)
            for trace in traces
            for p in range(STEPS)
        )
    started = time.perf_counter()
    fill_queue(project)
    print(
        f"  filling the queue: {time.perf_counter() - started:.1f} s for {TRACES:,} traces, {OVERLAP} slots each"
    )
    veteran = rater_of(project, a_person("veteran"))
    first = (
        Trace.objects.filter(project=project).order_by("pk").values_list("pk", flat=True)[: TRACES * 3 // 10]
    )
    last = list(first)[-1]
    n = Assignment.objects.filter(project=project, trace__lte=last, slot=0).update(
        state="submitted", holder=veteran, finished_at=timezone.now()
    )
    Turn.objects.filter(project=project, trace__lte=last).update(n_submitted=1)
    Reader.objects.update_or_create(rater=veteran, defaults={"project": project, "n_submitted": n})
    return project, veteran


def alone(project: Any, veteran: Any) -> None:
    """One person with tens of thousands of traces behind them, in this process."""
    from django.db import connection, reset_queries

    from annotate.assign.actions import claim_next, release_assignment
    from annotate.assign.claims import open_slots
    from annotate.assign.queries import desk_of, queue_counts
    from annotate.label.actions import save_label, submit_assignment
    from tests.factories import a_criterion

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    criterion = a_criterion(project)
    first: list[float] = []
    took: list[float] = []
    submits: list[float] = []
    n_queries: list[tuple[int, int]] = []
    for i in range(ALONE):
        connection.force_debug_cursor = True
        reset_queries()
        started = time.perf_counter()
        held = claim_next(project, veteran)
        (took if i else first).append((time.perf_counter() - started) * 1000)
        claimed = _queries(connection)
        assert held is not None
        for step in held.trace.steps.all():
            save_label(held, held.token, step=step, criterion=criterion, value="good")
        reset_queries()
        started = time.perf_counter()
        submit_assignment(held, held.token)
        submits.append((time.perf_counter() - started) * 1000)
        n_queries.append((claimed, _queries(connection)))
        connection.force_debug_cursor = False
    print(
        f"  first claim after {TRACES * 3 // 10:,} readings: {first[0]:.1f} ms; the next {ALONE - 1}: {told(took)}"
    )
    print(f"  submit: {told(submits)}")
    usual = Counter(n_queries).most_common(1)[0][0]
    print(
        f"  queries: {usual[0]} for a claim (at most {max(n[0] for n in n_queries)}), {usual[1]} for a submit"
    )
    print(
        f"  the page's own share of the queue: {told(milliseconds(lambda: desk_of(project, veteran), 200))}"
    )
    print(f"  exact counts on the project's page: {told(milliseconds(lambda: queue_counts(project), 20))}")
    held = claim_next(project, veteran)
    assert held is not None
    release_assignment(held, held.token)
    if connection.vendor == "postgresql":
        veteran.reader.refresh_from_db()
        chosen = open_slots(project, veteran, skills=None, start=veteran.reader.cursor)[:1]
        print("  " + chosen.explain(analyze=True).replace("\n", "\n  "))


def reorder(project: Any) -> None:
    """Everything open into another order, as a manager would."""
    from annotate.assign.manage.actions import change_rules
    from annotate.assign.rules import QueueRules

    started = time.perf_counter()
    change_rules(project, QueueRules(policy="random", seed=1), overlap=OVERLAP, lease_minutes=30)
    print(f"  another order for all of it: {time.perf_counter() - started:.1f} s")


def _queries(connection: Any) -> int:
    bare = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")
    return sum(not query["sql"].startswith(bare) for query in connection.queries)


@dataclass
class Tally:
    submitted: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    took: dict[str, list[float]] = field(default_factory=dict)


class Visitor:
    """One person's browser, as far as labelling goes."""

    def __init__(self, address: str, session: str, criterion: int) -> None:
        import httpx2

        token = "a" * 32
        self.client = httpx2.Client(
            base_url=address,
            cookies={"sessionid": session, "csrftoken": token},
            headers={"X-CSRFToken": token, "Accept": "text/html"},
            timeout=120,
            # The server closes a connection that was idle; asking on one just then would look like a failure.
            limits=httpx2.Limits(max_keepalive_connections=0),
        )
        self.criterion, self.tally = criterion, Tally()

    def ask(self, kind: str, method: str, path: str, **fields: Any) -> Any:
        started = time.perf_counter()
        answer = self.client.request(method, path, data=fields or None)
        self.tally.took.setdefault(kind, []).append((time.perf_counter() - started) * 1000)
        if answer.status_code >= 400:
            self.tally.errors.append(f"{kind}: {answer.status_code} {answer.text[:80]}")
        return answer

    def work(self, claims: int) -> Tally:
        place = self.ask("claim", "POST", "/projects/long/queue/").headers.get("location", "")
        for _ in range(claims):
            if not place.startswith("/assignments/"):
                self.tally.errors.append(f"sent to {place!r}")
                break
            page = self.ask("page", "GET", place).text
            token = re.search(r'data-store="\d+\.(\d+)"', page)
            assert token is not None
            for position in range(STEPS):
                self.ask(
                    "answer",
                    "POST",
                    f"{place}answers/",
                    token=token[1],
                    criterion=self.criterion,
                    position=position,
                    value="good",
                    seconds=2,
                )
            done = self.ask("submit and claim", "POST", place, token=token[1], submit="yes")
            if done.status_code == 302:
                self.tally.submitted.append(int(place.strip("/").split("/")[1]))
            place = done.headers.get("location", "")
        return self.tally


def warm_up(address: str) -> None:
    """Until every process has answered something: the first answer of each pays for its imports."""
    import httpx2

    with ThreadPoolExecutor(PROCESSES * 8) as pool:
        for _ in range(6):
            list(pool.map(lambda _: httpx2.get(f"{address}/sign-in/", timeout=60), range(PROCESSES * 8)))


def together(project: Any, home: Path) -> dict[str, Any]:
    """Twenty people through four web processes."""
    from django.db import connection

    from annotate.enums import Role
    from annotate.ingest.founding import add_member
    from annotate.models import Assignment, Label
    from tests.benchmarks.labelling.desk import session_of
    from tests.factories import a_criterion, a_person
    from webapp.management.supervisor import Supervisor, free_port, wait_for, web_command

    sessions = []
    for i in range(PEOPLE):
        person = a_person(f"reader{i}")
        add_member(project, person, Role.ANNOTATOR)
        sessions.append(session_of(person.username))
    criterion = a_criterion(project).pk
    connection.close()
    supervisor = Supervisor(home / "logs")
    port = free_port("127.0.0.1", 8900)
    supervisor.start("web", [*web_command("127.0.0.1", port), "--workers", str(PROCESSES)])
    try:
        assert wait_for("127.0.0.1", port, 60)
        warm_up(f"http://127.0.0.1:{port}")
        started = time.perf_counter()
        with ThreadPoolExecutor(PEOPLE) as pool:
            visitors = [Visitor(f"http://127.0.0.1:{port}", session, criterion) for session in sessions]
            tallies = list(pool.map(lambda visitor: visitor.work(CLAIMS), visitors))
        seconds = time.perf_counter() - started
    finally:
        supervisor.stop()
    submitted = [pk for tally in tallies for pk in tally.submitted]
    held = Assignment.objects.filter(project=project, state="submitted", holder__name__startswith="reader")
    stored = set(held.values_list("pk", flat=True))
    every = Assignment.objects.filter(project=project).exclude(state="skipped")
    readings = Counter(every.values_list("trace_id", flat=True))
    holders = Counter(every.exclude(holder=None).values_list("trace_id", "holder_id"))
    answered = Counter(
        Label.objects.live().filter(assignment__in=held).values_list("assignment_id", flat=True)
    )
    took: dict[str, list[float]] = {}
    for tally in tallies:
        for kind, times in tally.took.items():
            took.setdefault(kind, []).extend(times)
    for kind, times in took.items():
        print(f"  {kind}: {told(times)} ({len(times):,})")
    for error in Counter(error for tally in tallies for error in tally.errors).most_common(5):
        print(f"  {error}")
    return {
        "submitted": len(submitted),
        "doubled": len(submitted)
        - len(set(submitted))
        + sum(n > OVERLAP for n in readings.values())
        + sum(n > 1 for n in holders.values()),
        "lost": len(set(submitted) ^ stored) + sum(answered[pk] != STEPS for pk in stored),
        "errors": sum(len(tally.errors) for tally in tallies),
        "slowest": f"{max(max(times) for times in took.values()):.0f} ms",
        "requests/s": round(sum(map(len, took.values())) / seconds),
        "seconds": round(seconds),
    }


def one_place(home: Path) -> None:
    import django

    django.setup()
    logging.disable(logging.INFO)
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    project, veteran = a_long_queue()
    alone(project, veteran)
    reorder(project)
    print(json.dumps(together(project, home)))


def main() -> None:
    places = (("sqlite", ()), ("postgres", (POSTGRES,)))
    rows: dict[str, dict[str, Any]] = {}
    for kind, needs in places:
        print(kind, flush=True)
        if missing := [service.absence for service in needs if service.absence]:
            print(f"  left out, {'; '.join(missing)}")
            continue
        with tempfile.TemporaryDirectory() as folder, a_database(kind, Path(folder)) as url:
            facts = {"GRADUS_HOME": folder, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "webapp.settings"}
            trial = subprocess.run(
                [sys.executable, "-m", "tests.benchmarks.bench_claims", str(TRACES), str(CLAIMS), folder],
                cwd=REPOSITORY,
                env=os.environ | facts,
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
        *lines, last = trial.stdout.splitlines()
        print("\n".join(lines), flush=True)
        rows[kind] = json.loads(last)
    columns = list(next(iter(rows.values()), {}))
    print(f"\n{'':12}" + "".join(f"{column:>{max(len(column), 8) + 2}}" for column in columns))
    for kind, row in rows.items():
        print(f"{kind:12}" + "".join(f"{row[c]!s:>{max(len(c), 8) + 2}}" for c in columns))


if __name__ == "__main__":
    if len(sys.argv) > 3:
        one_place(Path(sys.argv[3]))
    else:
        main()
