"""The least that a server must do for a turn, as one file: how fast could it be on this machine, at this moment?

A Django application on PostgreSQL without accounts, projects, rubrics, leases or checks: it hands out a trace, shows
its steps with their questions, and stores the answers durably. Absolute speeds depend on the machine; what a whole
product costs beside this floor depends on it less. Its database is ``FLOOR_URL``.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dj_database_url
import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template import Context, Engine
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

TABLES = """
CREATE TABLE trace (id serial PRIMARY KEY, problem text NOT NULL, steps jsonb NOT NULL);
CREATE TABLE slot (
    id serial PRIMARY KEY, trace integer NOT NULL REFERENCES trace, holder text, is_done boolean NOT NULL
);
CREATE INDEX slot_open ON slot (id) WHERE holder IS NULL;
CREATE TABLE label (
    id serial PRIMARY KEY, slot integer NOT NULL REFERENCES slot, position integer NOT NULL,
    value text NOT NULL, made_at timestamptz NOT NULL DEFAULT now()
);
"""
PAGE = """<!doctype html><title>Floor</title><p>{{ problem }}</p>
<form method="post">
<input type="hidden" name="token" value="{{ slot }}">
{% for step in steps %}<fieldset><p>{{ step }}</p>
{% for level in levels %}<label>
<input type="radio" name="answer-1-{{ forloop.parentloop.counter0 }}" value="{{ level }}">{{ level }}
</label>{% endfor %}</fieldset>{% endfor %}
<button name="submit" value="1">Submit</button>
</form>"""
LEVELS = ("good", "neutral", "bad", "unsure")
NEXT = """
UPDATE slot SET holder = %s WHERE id = (
    SELECT id FROM slot WHERE holder IS NULL ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING id
"""


def _person(request: HttpRequest) -> str:
    return request.COOKIES.get("sessionid", "")


def _claimed(person: str) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute(NEXT, [person])
        found = cursor.fetchone()
    return HttpResponseRedirect(f"/assignments/{found[0]}/" if found else "/")


@csrf_exempt
def queue(request: HttpRequest, slug: str) -> HttpResponse:
    return _claimed(_person(request)) if request.method == "POST" else HttpResponse("Start")


@csrf_exempt
def sheet(request: HttpRequest, pk: int) -> HttpResponse:
    if request.method == "POST":
        said = [
            (pk, int(name.split("-")[2]), value)
            for name, value in request.POST.items()
            if name.startswith("answer-")
        ]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "UPDATE slot SET is_done = true WHERE id = %s AND holder = %s AND NOT is_done",
                [pk, _person(request)],
            )
            if cursor.rowcount == 1:
                cursor.executemany("INSERT INTO label (slot, position, value) VALUES (%s, %s, %s)", said)
        return _claimed(_person(request))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT problem, steps FROM slot JOIN trace ON trace.id = slot.trace WHERE slot.id = %s", [pk]
        )
        problem, steps = cursor.fetchone()
    steps = json.loads(steps) if isinstance(steps, str) else steps
    shown = {"problem": problem, "steps": steps, "levels": LEVELS, "slot": pk}
    return HttpResponse(_template().render(Context(shown)))


_kept: list[Any] = []


def _template() -> Any:
    if not _kept:
        _kept.append(Engine().from_string(PAGE))
    return _kept[0]


urlpatterns = [path("projects/<slug:slug>/queue/", queue), path("assignments/<int:pk>/", sheet)]


def set_up() -> None:
    settings.configure(
        ALLOWED_HOSTS=["*"],
        SECRET_KEY="a floor has no secrets",
        ROOT_URLCONF=__name__,
        MIDDLEWARE=[],
        DATABASES={"default": dict(dj_database_url.parse(os.environ["FLOOR_URL"], conn_max_age=60))},
        USE_TZ=True,
    )
    django.setup()


def furnish(n_traces: int) -> None:
    from tests.benchmarks.labelling.desk import a_text

    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS label, slot, trace")
        cursor.execute(TABLES)
        rows = []
        for number in range(n_traces):
            rng = random.Random(7_000_003 + number)
            rows.append((a_text(rng, 400), json.dumps([a_text(rng, 150) for _ in range(8)])))
        cursor.executemany("INSERT INTO trace (problem, steps) VALUES (%s, %s)", rows)
        cursor.execute("INSERT INTO slot (trace, is_done) SELECT id, false FROM trace ORDER BY id")


@contextmanager
def floor_server(folder: Path, n_traces: int, *, processes: int) -> Iterator[str]:
    """The floor behind the same web server as the product; yields host:port."""
    from webapp.management.supervisor import free_port, wait_for, web_command

    subprocess.run([sys.executable, "-m", __name__, str(n_traces)], check=True)
    port = free_port("127.0.0.1", 8700)
    command = [
        f"{__name__}:application" if part == "webapp.wsgi:application" else part
        for part in web_command("127.0.0.1", port)
    ]
    with (folder / "floor.log").open("ab") as log:
        server = subprocess.Popen([*command, "--workers", str(processes)], stdout=log, stderr=log)
        try:
            if not wait_for("127.0.0.1", port, 30):
                sys.exit(f"The floor did not start; its log is {folder / 'floor.log'}")
            time.sleep(1)
            yield f"127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=20)


if __name__ == "__main__":
    set_up()
    furnish(int(sys.argv[1]))
elif not settings.configured and "FLOOR_URL" in os.environ and "gunicorn" in sys.argv[0]:
    set_up()
    application = get_wsgi_application()
