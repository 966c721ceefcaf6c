"""A project of many traces on a database of its own, and a real web server in front of it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WORDS = [
    "so",
    "we",
    "have",
    "the",
    "sum",
    "of",
    "first",
    "second",
    "total",
    "number",
    "each",
    "side",
    "divide",
    "both",
    "by",
    "multiply",
    "add",
    "subtract",
    "therefore",
    "hence",
    "because",
    "let",
    "assume",
    "suppose",
    "integer",
    "value",
    "equation",
    "remainder",
    "factor",
    "prime",
    "square",
    "root",
    "angle",
    "triangle",
    "circle",
    "area",
    "length",
    "speed",
    "time",
    "distance",
    "ratio",
    "percent",
    "cost",
    "apples",
    "then",
    "it",
    "follows",
    "that",
    "which",
    "gives",
    "this",
    "means",
]
SLUG = "bench"
PEOPLE = 20


def a_text(rng: random.Random, n_characters: int) -> str:
    """Filler with digits and operators, so that escaping and typesetting cost what they do on real traces."""
    words: list[str] = []
    while sum(map(len, words)) + len(words) < n_characters:
        kind = rng.random()
        if kind < 0.12:
            a, b = rng.randint(2, 99), rng.randint(2, 99)
            words.append(f"{a} {rng.choice('+-*/')} {b} = {rng.randint(1, 999)}")
        elif kind < 0.16:
            words.append(f"x_{rng.randint(1, 9)} < {rng.randint(1, 99)}")
        else:
            words.append(rng.choice(WORDS))
    return " ".join(words)[:n_characters].strip().capitalize()


def write_traces(path: Path, n_traces: int, *, n_steps: int = 8, step: int = 150, problem: int = 400) -> None:
    with path.open("w") as file:
        for number in range(n_traces):
            rng = random.Random(7_000_003 + number)
            trace = {
                "id": f"trace-{number:06d}",
                "problem": {"text": a_text(rng, problem), "reference_answer": str(rng.randint(1, 999))},
                "steps": [f"{a_text(rng, step)}\n\n" for _ in range(n_steps)],
            }
            file.write(json.dumps(trace) + "\n")


def furnish(folder: Path, n_traces: int, *, n_steps: int = 8, people: int = PEOPLE) -> None:
    """Migrate the configured database and fill it: one project, ``people`` annotators, every trace in the queue."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    import django

    django.setup()
    from django.core.management import call_command

    from annotate.assign.actions import fill_queue
    from annotate.enums import Role
    from annotate.ingest.actions import ingest_file
    from annotate.ingest.founding import add_member, create_project
    from annotate.models import Person

    call_command("migrate", verbosity=0)
    owner = Person.objects.create_user(username="owner", password=None)
    project = create_project(owner, name="Bench", slug=SLUG)
    for number in range(people):
        add_member(project, Person.objects.create_user(username=name_of(number)), Role.ANNOTATOR)
    path = folder / "traces.jsonl"
    write_traces(path, n_traces, n_steps=n_steps)
    ingest_file(project, path, format="jsonl")
    fill_queue(project)
    path.unlink()


def name_of(number: int) -> str:
    return f"person{number:02d}"


def session_of(name: str) -> str:
    """A signed-in session's key, made as signing in makes it: the load is about labelling, not about passwords."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from annotate.models import Person

    person = Person.objects.get(username=name)
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = "webapp.signed_in.AccountBackend"
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.create()
    return str(session.session_key)


@contextmanager
def web_server(folder: Path, *, processes: int) -> Iterator[str]:
    """Gunicorn as shipped, with ``processes`` workers of eight threads; yields host:port."""
    from webapp.management.supervisor import free_port, wait_for, web_command

    port = free_port("127.0.0.1", 8600)
    command = [*web_command("127.0.0.1", port), "--workers", str(processes)]
    with (folder / "web.log").open("ab") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        try:
            if not wait_for("127.0.0.1", port, 30):
                sys.exit(f"The web server did not start; its log is {folder / 'web.log'}")
            time.sleep(1)
            yield f"127.0.0.1:{port}"
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(timeout=20)
