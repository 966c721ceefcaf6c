"""Write ``label_studio*.json`` and ``.csv``: what a running Label Studio exports of what people did in it.

By hand, in an environment of its own: ``pip install label-studio requests``, then
``python write_label_studio.py FOLDER_OF_THIS_FILE``. Written by label-studio 1.23.2.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import requests

PORT = 8650
HOST = f"http://127.0.0.1:{PORT}"
PASSWORD = secrets.token_urlsafe(12)
OWNER, ANN, BEN = "owner@example.com", "ann@example.com", "ben@example.com"

STEPS = """<View>
  <Text name="problem" value="$problem"/>
  <Repeater on="$steps" indexFlag="{{idx}}">
    <View>
      <Text name="text_{{idx}}" value="$steps[{{idx}}].text"/>
      <Choices name="verdict_{{idx}}" toName="text_{{idx}}" choice="single">
        <Choice value="good"/><Choice value="neutral"/><Choice value="bad"/>
      </Choices>
      <Rating name="clarity_{{idx}}" toName="text_{{idx}}" maxRating="5"/>
      <TextArea name="reason_{{idx}}" toName="text_{{idx}}" rows="2"/>
      <Choices name="kinds_{{idx}}" toName="text_{{idx}}" choice="multiple">
        <Choice value="sign"/><Choice value="carry"/><Choice value="misread"/>
      </Choices>
    </View>
  </Repeater>
  <Choices name="result" toName="problem" choice="single">
    <Choice value="success"/><Choice value="failure"/>
  </Choices>
  <Number name="minutes" toName="problem" min="0" max="60"/>
  <TextArea name="remark" toName="problem" maxSubmissions="2"/>
</View>"""
SPANS = """<View>
  <Text name="problem" value="$question"/>
  <Labels name="mistakes" toName="solution">
    <Label value="sign"/><Label value="carry"/>
  </Labels>
  <Text name="solution" value="$solution"/>
  <TextArea name="why" toName="solution" perRegion="true"/>
  <Taxonomy name="topic" toName="solution">
    <Choice value="algebra"><Choice value="linear"/><Choice value="quadratic"/></Choice>
  </Taxonomy>
</View>"""
PARAGRAPHS = """<View>
  <Text name="problem" value="$problem"/>
  <ParagraphLabels name="step_label" toName="trace">
    <Label value="good"/><Label value="bad"/>
  </ParagraphLabels>
  <Choices name="error_kind" toName="trace" perRegion="true" choice="single">
    <Choice value="arithmetic"/><Choice value="logic"/>
  </Choices>
  <Paragraphs name="trace" value="$steps" layout="dialogue" nameKey="author" textKey="text"/>
</View>"""
PAIRWISE = """<View>
  <Text name="problem" value="$prompt"/>
  <Pairwise name="preference" toName="first,second"/>
  <Text name="first" value="$first"/>
  <Text name="second" value="$second"/>
  <Rating name="confidence" toName="problem"/>
</View>"""

SUMS = [
    {
        "problem": "A jar holds 12 beans. Eva adds 7 and takes out 5. How many are left?",
        "steps": [{"text": "12 + 7 = 19."}, {"text": "19 - 5 = 13."}, {"text": "So 13 beans are left."}],
        "source": "made up",
    },
    {
        "problem": "What is 3 * (4 + 2)?",
        "steps": [{"text": "4 + 2 = 6."}, {"text": "3 * 6 = 18. Größe: 18 ✓"}],
    },
    {"problem": "What is 8 / 2?", "steps": [{"text": "8 / 2 = 4."}]},
]
SOLUTION = "Let x be the price.\n\n2x + 3 = 11, so 2x = 14.\n\nHence x = 7."


def one(kind: str, name: str, to: str, **value: Any) -> dict[str, Any]:
    """A result as the browser sends it."""
    return {
        "id": secrets.token_urlsafe(7),
        "type": kind,
        "value": value,
        "origin": "manual",
        "to_name": to,
        "from_name": name,
    }


def chosen(name: str, to: str, *words: str) -> dict[str, Any]:
    return one("choices", name, to, choices=list(words))


class Studio:
    def __init__(self) -> None:
        self.people: dict[str, requests.Session] = {}

    def enter(self, email: str, *, invite: str = "") -> None:
        session = self.people[email] = requests.Session()
        page = invite or "/user/login/"
        session.get(HOST + page)
        said = {
            "email": email,
            "password": PASSWORD,
            "csrfmiddlewaretoken": session.cookies["csrftoken"],
        }
        if invite:
            said |= {"allow_newsletters": "false", "how_find_us": ""}
        session.post(HOST + page, data=said, headers={"Referer": HOST}).raise_for_status()

    def ask(self, email: str, method: str, path: str, **given: Any) -> Any:
        session = self.people[email]
        headers = {"X-CSRFToken": session.cookies["csrftoken"], "Referer": HOST}
        answer = session.request(method, HOST + path, headers=headers, **given)
        if not answer.ok:
            raise SystemExit(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json() if "json" in answer.headers.get("content-type", "") else answer.text

    def project(self, title: str, config: str, tasks: list[dict[str, Any]]) -> tuple[int, list[int]]:
        given = {"title": title, "label_config": config, "maximum_annotations": 2}
        made = self.ask(OWNER, "POST", "/api/projects/", json=given)["id"]
        self.ask(OWNER, "POST", f"/api/projects/{made}/import", json=tasks)
        found = self.ask(OWNER, "GET", f"/api/tasks?project={made}&page_size=100")["tasks"]
        return made, sorted(task["id"] for task in found)

    def submit(self, email: str, task: int, *results: dict[str, Any], skip: bool = False) -> int:
        path = f"/api/tasks/{task}/annotations/" + ("?was_cancelled=1" if skip else "")
        given = {"result": list(results), "lead_time": 21.5, "was_cancelled": skip}
        return int(self.ask(email, "POST", path, json=given)["id"])

    def draft(self, email: str, task: int, *results: dict[str, Any]) -> None:
        self.ask(email, "POST", f"/api/tasks/{task}/drafts", json={"result": list(results), "lead_time": 3.0})

    def predict(self, task: int, version: str, score: float, *results: dict[str, Any]) -> None:
        given = {"task": task, "model_version": version, "score": score, "result": list(results)}
        self.ask(OWNER, "POST", "/api/predictions/", json=given)

    def export(self, project: int, kind: str, *, everything: bool = False) -> str:
        path = f"/api/projects/{project}/export?exportType={kind}"
        path += "&download_all_tasks=true" if everything else ""
        answer = self.people[OWNER].get(HOST + path)
        answer.raise_for_status()
        return answer.text

    def snapshot(self, project: int) -> str:
        """The other way out: a snapshot, whose predictions, drafts and people stand in full."""
        wanted = {"only_id": False}
        options = {"predictions": wanted, "drafts": wanted, "annotations__completed_by": wanted}
        given = {
            "title": "all",
            "serialization_options": options,
            "annotation_filter_options": {"usual": True, "ground_truth": True, "skipped": True},
        }
        made = self.ask(OWNER, "POST", f"/api/projects/{project}/exports/", json=given)["id"]
        for _ in range(60):
            if self.ask(OWNER, "GET", f"/api/projects/{project}/exports/{made}")["status"] == "completed":
                break
            time.sleep(0.5)
        answer = self.people[OWNER].get(
            f"{HOST}/api/projects/{project}/exports/{made}/download?exportType=JSON"
        )
        answer.raise_for_status()
        return answer.text


def steps(studio: Studio) -> int:
    project, (first, second, third) = studio.project("Steps", STEPS, SUMS)
    studio.submit(
        ANN,
        first,
        chosen("verdict_0", "text_0", "good"),
        one("rating", "clarity_0", "text_0", rating=5),
        chosen("verdict_1", "text_1", "bad"),
        one("textarea", "reason_1", "text_1", text=["19 - 5 is 14."]),
        chosen("kinds_1", "text_1", "sign", "carry"),
        chosen("verdict_2", "text_2", "bad"),
        one("rating", "clarity_2", "text_2", rating=2),
        chosen("result", "problem", "failure"),
        one("number", "minutes", "problem", number=4),
        one("textarea", "remark", "problem", text=["One slip.", "Carried on."]),
    )
    studio.submit(
        BEN,
        first,
        chosen("verdict_0", "text_0", "good"),
        chosen("verdict_1", "text_1", "neutral"),
        chosen("verdict_2", "text_2", "bad"),
    )
    studio.predict(
        first,
        "checker-2",
        0.75,
        {**chosen("verdict_1", "text_1", "bad"), "score": 0.9},
        chosen("verdict_0", "text_0", "good"),
    )
    studio.submit(ANN, second, skip=True)
    studio.draft(ANN, second, chosen("verdict_0", "text_0", "bad"))
    gold = studio.submit(
        OWNER, second, chosen("verdict_0", "text_0", "good"), chosen("verdict_1", "text_1", "good")
    )
    studio.ask(OWNER, "PATCH", f"/api/annotations/{gold}/", json={"ground_truth": True})
    studio.draft(BEN, third, chosen("verdict_0", "text_0", "good"))
    return project


def spans(studio: Studio) -> int:
    task = {
        "question": "Two pens and a 3-coin box cost 11 coins. What does a pen cost?",
        "solution": SOLUTION,
    }
    project, (only,) = studio.project("Spans", SPANS, [task])
    begin, end = SOLUTION.index("2x = 14"), SOLUTION.index("2x = 14") + 7
    region = one(
        "labels", "mistakes", "solution", start=begin, end=end, text=SOLUTION[begin:end], labels=["sign"]
    )
    why = one("textarea", "why", "solution", start=begin, end=end, text=["11 - 3 is 8."])
    last = SOLUTION.index("Hence")
    across = one(
        "labels",
        "mistakes",
        "solution",
        start=begin,
        end=last + 5,
        text=SOLUTION[begin : last + 5],
        labels=["carry"],
    )
    topic = one("taxonomy", "topic", "solution", taxonomy=[["algebra", "linear"]])
    studio.submit(ANN, only, region, {**why, "id": region["id"]}, topic)
    studio.submit(BEN, only, across)
    return project


def paragraphs(studio: Studio) -> int:
    said = [
        {"author": "step 1", "text": "12 + 7 = 19."},
        {"author": "step 2", "text": "19 - 5 = 13."},
        {"author": "step 3", "text": "So 13."},
    ]
    project, (only,) = studio.project("Paragraphs", PARAGRAPHS, [{"problem": "12 + 7 - 5?", "steps": said}])

    def mark(number: int, word: str, last: int | None = None) -> dict[str, Any]:
        until = number if last is None else last
        place = {
            "start": str(number),
            "end": str(until),
            "startOffset": 0,
            "endOffset": len(said[until]["text"]),
        }
        return one(
            "paragraphlabels",
            "step_label",
            "trace",
            **place,
            text=said[number]["text"],
            paragraphlabels=[word],
        )

    wrong = mark(1, "bad")
    kind = one(
        "choices",
        "error_kind",
        "trace",
        **{name: value for name, value in wrong["value"].items() if name not in ("paragraphlabels",)},
        choices=["arithmetic"],
    )
    studio.submit(ANN, only, mark(0, "good"), wrong, {**kind, "id": wrong["id"]})
    studio.submit(BEN, only, mark(0, "good"), mark(1, "bad", last=2))
    return project


def pairwise(studio: Studio) -> int:
    tasks = [
        {"prompt": "What is 6 * 7?", "first": "6 * 7 = 42.", "second": "6 * 7 = 43."},
        {"prompt": "What is 9 - 4?", "first": "9 - 4 = 4.", "second": "9 - 4 = 5."},
    ]
    project, (one_task, other) = studio.project("Pairs", PAIRWISE, tasks)

    def better(side: str) -> dict[str, Any]:
        return one("pairwise", "preference", "first,second", selected=side)

    studio.submit(ANN, one_task, better("left"))
    studio.submit(BEN, one_task, better("right"))
    studio.submit(ANN, other, better("right"))
    studio.submit(BEN, other, skip=True)
    return project


def main(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as data:
        quiet = {"LATEST_VERSION_CHECK": "0", "COLLECT_ANALYTICS": "0", "DJANGO_DB": "sqlite"}
        command = [
            str(Path(sys.executable).parent / "label-studio"),
            "start",
            "--no-browser",
            "--data-dir",
            data,
        ]
        command += ["--port", str(PORT), "--username", OWNER, "--password", PASSWORD]
        with Path(data, "log").open("wb") as log:
            server = subprocess.Popen(
                command, env=os.environ | quiet, stdout=log, stderr=log, start_new_session=True
            )
        try:
            for _ in range(240):
                try:
                    requests.get(HOST + "/health", timeout=5)
                    break
                except requests.RequestException:
                    time.sleep(1)
            studio = Studio()
            studio.enter(OWNER)
            invite = studio.ask(OWNER, "GET", "/api/invite")["invite_url"]
            for person in (ANN, BEN):
                studio.enter(person, invite=re.sub(r"^https?://[^/]+", "", invite))
            asked = steps(studio)
            (folder / "label_studio.json").write_text(studio.export(asked, "JSON", everything=True))
            (folder / "label_studio_snapshot.json").write_text(studio.snapshot(asked))
            (folder / "label_studio_min.json").write_text(studio.export(asked, "JSON_MIN"))
            (folder / "label_studio.csv").write_text(studio.export(asked, "CSV"))
            (folder / "label_studio_tasks.json").write_text(
                json.dumps([studio.ask(OWNER, "GET", f"/api/tasks/{number}") for number in (1, 2)])
            )
            for name, made in (("spans", spans), ("paragraphs", paragraphs), ("pairwise", pairwise)):
                (folder / f"label_studio_{name}.json").write_text(studio.export(made(studio), "JSON"))
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(timeout=30)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
