"""Label Studio on PostgreSQL behind the web server that ours has, and people who read and submit by its API.

It is no dependency and nothing is installed: ``pip install label-studio`` into an environment of its own, and give the
benchmark the path of its program. The database is ``LABEL_STUDIO_URL``, which must be an empty PostgreSQL. The server
is this environment's gunicorn with the options of ours, in the interpreter of the program's environment. A project has
the same traces in the same order, a question at every step, and each trace is wanted once, as ours are.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.benchmarks.labelling.desk import write_traces
from tests.benchmarks.labelling.reader import Reader
from tests.benchmarks.rivals import FIRST_START, LABEL_STUDIO, PASSWORD, take_in

SETTINGS = "core.settings.label_studio"
AT_A_TIME = 1000
# Seconds between an answer and the draft that holds it, as in its page.
AUTOSAVE = 5.0
FIND = "import importlib.metadata as m, label_studio as l; print(l.__path__[0], m.version('label-studio'), sep='\\n')"


@dataclass(frozen=True)
class Studio:
    """A running Label Studio with a project of traces; ``group`` is its processes'."""

    host: str
    version: str
    project: int
    group: int

    def reader(self, number: int, *, drafts: bool = False) -> StudioReader:
        """Somebody new, signed up and signed in through its forms as everybody is."""
        with _client(self.host, f"reader{number}@example.com") as client:
            token = client.cookies["csrftoken"]
            return StudioReader(
                self.host,
                client.cookies["sessionid"],
                csrf=token,
                csrf_cookie=token,
                project=self.project,
                drafts=drafts,
            )


@dataclass
class StudioReader(Reader):
    """The same acts as ours by its API: the next trace claimed and read, and its whole sheet sent.

    Its page sends nothing by keystroke. With ``drafts`` the draft is saved as its page saves it: all answers so far,
    five seconds after the first that is not in it; an answer that is younger than that at submit goes with the sheet.
    """

    project: int = 0
    drafts: bool = False
    task: int = 0
    draft: int = 0
    answers: dict[int, str] = field(default_factory=dict)
    # When the draft is to be saved, by the clock of `time.monotonic`.
    due: float = float("inf")

    def start(self, slug: str) -> bool:
        return True

    def read(self) -> bool:
        status, _, text = self.ask("next", "GET", f"/api/projects/{self.project}/next/")
        if status != 200:
            return False
        task = json.loads(text)
        self.task, self.draft, self.answers, self.due = int(task["id"]), 0, {}, float("inf")
        self.questions = tuple(("step", str(place)) for place in range(len(task["data"]["steps"])))
        return True

    def press(self, index: int, value: str = "good") -> bool:
        self.answers[index] = value
        if self.drafts:
            self.due = min(self.due, time.monotonic() + AUTOSAVE)
        return True

    def wait(self, seconds: float) -> None:
        """A draft that falls due meanwhile is saved behind the person's back, as by a page."""
        ends = time.monotonic() + seconds
        if self.due < ends:
            time.sleep(max(0, self.due - time.monotonic()))
            self.save()
        time.sleep(max(0, ends - time.monotonic()))

    def save(self) -> bool:
        """Save the draft: the first time for a trace it is made, and then written over."""
        self.due = float("inf")
        if self.draft:
            method, path = "PATCH", f"/api/drafts/{self.draft}/?project={self.project}"
        else:
            method, path = "POST", f"/api/tasks/{self.task}/drafts?project={self.project}"
        status, text = self._send(
            "draft", method, path, {**self._sheet(self.answers), "draft_id": self.draft}
        )
        if status == 201:
            self.draft = int(json.loads(text)["id"])
        return status in {200, 201}

    def submit(self) -> bool:
        """Send the whole sheet; a step without an answer is good."""
        said = {place: self.answers.get(place, "good") for place in range(len(self.questions))}
        body = self._sheet(said) | ({"draft_id": self.draft} if self.draft else {})
        path = f"/api/tasks/{self.task}/annotations/"
        self.due = float("inf")
        if self._send("submit", "POST", path, body)[0] != 201:
            return False
        self.submitted.append(path)
        return True

    def _sheet(self, answers: dict[int, str]) -> dict[str, Any]:
        said = [
            {
                "id": f"answer{place}",
                "from_name": f"step_{place}",
                "to_name": f"text_{place}",
                "type": "choices",
                "value": {"choices": [value]},
            }
            for place, value in answers.items()
        ]
        return {"result": said, "lead_time": 12.0}

    def _send(self, kind: str, method: str, path: str, body: dict[str, Any]) -> tuple[int, str]:
        """(status, text)"""
        headers = {"Content-Type": "application/json", "X-CSRFToken": self.csrf}
        status, _, text = self.ask(kind, method, path, json.dumps(body), **headers)
        return status, text


@contextmanager
def studio_server(program: Path, folder: Path, n_traces: int, *, processes: int) -> Iterator[Studio]:
    from webapp.management.supervisor import free_port, wait_for, web_command

    folder.mkdir(parents=True)
    python = str(program.absolute().parent / "python")
    said = subprocess.run([python, "-c", FIND], capture_output=True, text=True, check=True, env=_bare())
    package, version = said.stdout.splitlines()[-2:]
    facts = _facts(folder)
    with (folder / "log").open("ab") as log:
        # Its commands may stop to ask; nobody is there to answer.
        shared: dict[str, Any] = {"cwd": package, "env": facts, "stdin": subprocess.DEVNULL, "stdout": log}
        shared |= {"stderr": subprocess.STDOUT}
        if subprocess.run([python, "manage.py", "migrate", "--no-color"], check=False, **shared).returncode:
            sys.exit(f"Label Studio could not make its tables; its log is {folder / 'log'}")
        port = free_port("127.0.0.1", 8660)
        as_ours = [
            "core.wsgi:application" if part == "webapp.wsgi:application" else part
            for part in web_command("127.0.0.1", port)[1:]
        ]
        server = subprocess.Popen(
            [python, *as_ours, "--workers", str(processes), "--timeout", "300"],
            start_new_session=True,
            **shared,
        )
        try:
            if not wait_for("127.0.0.1", port, FIRST_START):
                sys.exit(f"Label Studio did not start; its log is {folder / 'log'}")
            time.sleep(1)
            host = f"127.0.0.1:{port}"
            yield Studio(host, version, _furnish(host, folder, n_traces), server.pid)
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(timeout=30)


def _furnish(host: str, folder: Path, n_traces: int) -> int:
    """A project with the traces that ours has; its number."""
    path = folder / "traces.jsonl"
    write_traces(path, n_traces)
    traces = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    tasks = [
        {"problem": trace["problem"]["text"], "steps": [text.strip() for text in trace["steps"]]}
        for trace in traces
    ]
    with _client(host, "owner@example.com") as client:
        asked = {"title": "bench", "label_config": LABEL_STUDIO}
        project = int(client.post("/api/projects/", json=asked).raise_for_status().json()["id"])
        for first in range(0, n_traces, AT_A_TIME):
            take_in(client, project, tasks[first : first + AT_A_TIME])
    return project


@contextmanager
def _client(host: str, email: str) -> Iterator[Any]:
    """A client of its API who has just signed up."""
    import httpx2

    logging.getLogger("httpx2").setLevel(logging.WARNING)
    with httpx2.Client(base_url=f"http://{host}", timeout=600) as client:
        client.get("/user/signup/")
        token = client.cookies["csrftoken"]
        form = {"email": email, "password": PASSWORD, "csrfmiddlewaretoken": token}
        answer = client.post("/user/signup/", data=form)
        if "sessionid" not in client.cookies:
            sys.exit(f"Label Studio let nobody sign up ({answer.status_code}); is its database empty?")
        client.headers |= {"X-CSRFToken": client.cookies["csrftoken"], "Referer": f"http://{host}/"}
        yield client


def _facts(folder: Path) -> dict[str, str]:
    """The environment it runs in: its own database and data, and nothing that calls home."""
    import dj_database_url

    given = dj_database_url.parse(os.environ["LABEL_STUDIO_URL"])
    if not given["ENGINE"].endswith("postgresql"):
        sys.exit("LABEL_STUDIO_URL is no address of a PostgreSQL.")
    ours = find_spec("gunicorn")
    assert ours is not None
    assert ours.origin is not None
    lent = folder / "lent"
    lent.mkdir()
    (lent / "gunicorn").symlink_to(Path(ours.origin).parent)
    return _bare() | {
        "DJANGO_SETTINGS_MODULE": SETTINGS,
        "DJANGO_DB": "default",
        "POSTGRE_NAME": str(given["NAME"]),
        "POSTGRE_USER": str(given["USER"]),
        "POSTGRE_PASSWORD": str(given["PASSWORD"]),
        "POSTGRE_HOST": str(given["HOST"]),
        "POSTGRE_PORT": str(given["PORT"] or 5432),
        "LABEL_STUDIO_BASE_DATA_DIR": str(folder / "data"),
        "LATEST_VERSION_CHECK": "0",
        "COLLECT_ANALYTICS": "0",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
        "PYTHONPATH": str(lent),
    }


def _bare() -> dict[str, str]:
    """This process's environment without what speaks to us."""
    ours = ("GRADUS_", "DJANGO_", "DATABASE_", "FLOOR_", "LABEL_STUDIO_", "PYTHON", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}
