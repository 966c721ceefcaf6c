"""Other programs' labelling pages, started beside ours so that both are measured in one run on one machine.

Neither is a dependency: install one into an environment of its own (``pip install potato-annotation``,
``pip install label-studio``) and give the benchmark the path of its program. Both show the same trace, every step with
three levels, as their documentation has it: Potato by its process rewards beside a trace of thoughts, Label Studio by a
repeater over the steps.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PASSWORD = secrets.token_urlsafe(12)
LEVELS = 3
FIRST_START = 240
POTATO = """
annotation_task_name: page
task_dir: .
output_annotation_dir: out
data_files: [data/traces.jsonl]
item_properties: {id_key: id, text_key: problem}
user_config: {allow_all_users: true}
authentication: {method: in_memory}
require_password: true
instance_display:
  fields:
    - {key: problem, type: text, label: Problem}
    - {key: steps, type: cot_trace, label: Steps}
annotation_schemes:
  - annotation_type: process_reward
    name: step_reward
    description: Rate every step
    steps_key: steps
    step_text_key: text
    mode: per_step
    allow_neutral: true
    inline_with_trace: true
"""
LABEL_STUDIO = """<View>
  <Text name="problem" value="$problem"/>
  <Repeater on="$steps" indexFlag="{{idx}}">
    <View>
      <Text name="text_{{idx}}" value="$steps[{{idx}}].text"/>
      <Choices name="step_{{idx}}" toName="text_{{idx}}" choice="single" showInline="true" required="true">
        <Choice value="good"/><Choice value="neutral"/><Choice value="bad"/>
      </Choices>
    </View>
  </Repeater>
</View>"""


@dataclass(frozen=True)
class Rival:
    """A running rival: how a browser signs in, which page shows the trace, and the last control that makes it ready."""

    name: str
    host: str
    path: str
    ready: str
    # The same as an expression of the page's own, for the frame in which it comes true.
    is_ready: str

    def sign_in(self, page: Any) -> None:
        page.goto(f"http://{self.host}/")
        if self.name == "potato":
            page.evaluate(
                """async (password) => {
                  for (const action of ['register', 'login']) {
                    const body = new URLSearchParams({ email: 'reader', pass: password, action });
                    await fetch(action === 'login' ? '/auth' : '/register', { method: 'POST', body });
                  }
                }""",
                PASSWORD,
            )
        else:
            page.goto(f"http://{self.host}/user/login/")
            page.fill("input[name=email]", "reader@example.com")
            page.fill("input[name=password]", PASSWORD)
            page.press("input[name=password]", "Enter")
            page.wait_for_url(lambda url: "login" not in url)


@contextmanager
def potato(program: Path, folder: Path, trace: dict[str, Any]) -> Iterator[Rival]:
    """``trace`` is ``{"id", "problem", "steps": [text]}``; so it is for the other."""
    (folder / "data").mkdir(parents=True)
    steps = [{"index": i, "text": text, "type": "reasoning"} for i, text in enumerate(trace["steps"])]
    (folder / "data/traces.jsonl").write_text(json.dumps({**trace, "steps": steps}) + "\n")
    (folder / "page.yaml").write_text(POTATO)
    with _started([str(program), "start", "page.yaml", "--host", "127.0.0.1"], folder, 8620) as host:
        n = LEVELS * len(steps)
        shown = "[...document.querySelectorAll('.prm-btn')].filter((one) => one.checkVisibility())"
        yield Rival(
            "potato", host, "/annotate", f":nth-match(.prm-btn:visible, {n})", f"{shown}.length >= {n}"
        )


@contextmanager
def label_studio(program: Path, folder: Path, trace: dict[str, Any]) -> Iterator[Rival]:
    with label_studio_project(program, folder) as (host, client, project):
        take_in(client, project, [trace])
        found = client.get("/api/tasks", params={"project": project}).raise_for_status().json()["tasks"]
        path = f"/projects/{project}/data?task={found[0]['id']}"
        controls = LEVELS * len(trace["steps"])
        there = f"document.querySelectorAll('.ant-checkbox-input').length >= {controls}"
        yield Rival("label studio", host, path, f":nth-match(.ant-checkbox-input, {controls})", there)


@contextmanager
def label_studio_project(program: Path, folder: Path) -> Iterator[tuple[str, Any, int]]:
    """Where it runs, a signed-in client of its API, and an empty project with a question for each step."""
    import httpx2

    folder.mkdir(parents=True)
    command = [str(program), "start", "--no-browser", "--data-dir", str(folder)]
    command += ["--username", "reader@example.com", "--password", PASSWORD]
    with (
        _started(command, folder, 8640) as host,
        httpx2.Client(base_url=f"http://{host}", timeout=600) as client,
    ):
        client.get("/user/login/")
        token = client.cookies["csrftoken"]
        said = {"email": "reader@example.com", "password": PASSWORD, "csrfmiddlewaretoken": token}
        client.post("/user/login/", data=said, follow_redirects=True)
        client.headers |= {"X-CSRFToken": client.cookies["csrftoken"], "Referer": f"http://{host}/"}
        project = {"title": "page", "label_config": LABEL_STUDIO}
        made = client.post("/api/projects/", json=project).raise_for_status().json()["id"]
        yield host, client, made


def take_in(client: Any, project: int, traces: list[dict[str, Any]]) -> None:
    tasks = [
        {"data": {"problem": one["problem"], "steps": [{"text": text} for text in one["steps"]]}}
        for one in traces
    ]
    client.post(f"/api/projects/{project}/import", json=tasks).raise_for_status()


@contextmanager
def _started(command: list[str], folder: Path, first_port: int) -> Iterator[str]:
    from webapp.management.supervisor import free_port, wait_for

    port = free_port("127.0.0.1", first_port)
    quiet = {"LATEST_VERSION_CHECK": "0", "COLLECT_ANALYTICS": "0", "DJANGO_DB": "sqlite"}
    ours = {name for name in os.environ if name.startswith(("GRADUS_", "DJANGO_", "DATABASE_"))}
    facts = {name: value for name, value in os.environ.items() if name not in ours} | quiet
    with (folder / "log").open("ab") as log:
        server = subprocess.Popen(
            [*command, "--port", str(port)],
            cwd=folder,
            env=facts,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            if not wait_for("127.0.0.1", port, FIRST_START):
                raise SystemExit(f"{command[0]} did not start; its log is {folder / 'log'}")
            yield f"127.0.0.1:{port}"
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(timeout=30)
