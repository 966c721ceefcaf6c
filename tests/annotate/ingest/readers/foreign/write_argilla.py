"""Write ``argilla*``: records of an Argilla server that several people answered, by each of the client's ways out.

By hand, with Redis running and in an environment of its own: ``pip install argilla argilla-server "click<8.2"
"typer<0.13"``, then ``python write_argilla.py FOLDER_OF_THIS_FILE``. Written by argilla 2.8.0 and argilla-server 2.8.0,
on SQLite. A search engine is left out: nothing is searched for here, and the server stores without one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

PORT = 8660
HOST = f"http://127.0.0.1:{PORT}"
KEY = "owner.apikey"
PASSWORD = "password of nobody"

SOLUTION = "4 + 2 = 6.\n\n3 * 6 = 16.\n\nSo it is 16."


def serve() -> None:
    """The server itself, with a search engine that finds nothing."""
    import uvicorn
    from argilla_server.search_engine import SearchEngine

    class NoSearch(SearchEngine):
        @classmethod
        async def new_instance(cls) -> NoSearch:
            return cls()

        async def ping(self) -> bool:
            return True

        async def info(self) -> dict[str, Any]:
            return {}

    async def nothing(self: Any, *args: Any, **kwargs: Any) -> None:
        return None

    for name in NoSearch.__abstractmethods__:
        setattr(NoSearch, name, nothing)
    NoSearch.__abstractmethods__ = frozenset()
    SearchEngine.register("elasticsearch")(NoSearch)
    from argilla_server import app

    uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="warning")


def settings(rg: Any) -> Any:
    levels = ["good", "neutral", "bad"]
    return rg.Settings(
        fields=[rg.TextField(name="question"), rg.TextField(name="solution")],
        questions=[
            *(rg.LabelQuestion(name=f"verdict_step_{n}", labels=levels, required=n == 0) for n in range(3)),
            rg.MultiLabelQuestion(name="kinds", labels=["sign", "carry", "misread"], required=False),
            rg.RatingQuestion(name="clarity", values=[0, 1, 2, 3, 4, 5], required=False),
            rg.TextQuestion(name="remark", required=False),
            rg.SpanQuestion(name="mistakes", field="solution", labels=["carry", "sign"], required=False),
        ],
        metadata=[rg.TermsMetadataProperty(name="source"), rg.IntegerMetadataProperty(name="attempt")],
        distribution=rg.TaskDistribution(min_submitted=2),
    )


def records(rg: Any) -> list[Any]:
    wrong = {"start": SOLUTION.index("3 * 6 = 16"), "end": SOLUTION.index("16.") + 2, "label": "carry"}
    return [
        rg.Record(
            id="sum-1",
            fields={"question": "What is 3 * (4 + 2)?", "solution": SOLUTION},
            metadata={"source": "made up", "attempt": 2},
            suggestions=[
                rg.Suggestion("verdict_step_1", "bad", score=0.9, agent="critic"),
                rg.Suggestion("kinds", ["carry", "sign"], score=[0.8, 0.3], agent="critic"),
                rg.Suggestion("mistakes", [wrong], agent="marker"),
                rg.Suggestion("remark", "The product is wrong."),
            ],
        ),
        rg.Record(id="sum-2", fields={"question": "What is 8 / 2?", "solution": "8 / 2 = 4 ✓"}),
        rg.Record(id="sum-3", fields={"question": "What is 7 - 9?", "solution": "7 - 9 = -2."}),
    ]


def answers(rg: Any, users: dict[str, uuid.UUID], told: list[Any]) -> None:
    """Everybody's responses, in all three states; one form is one person's answers to one record."""

    def fill(record: Any, who: str, status: str, **given: Any) -> None:
        for question, value in given.items():
            record.responses.add(rg.Response(question, value, user_id=users[who], status=status))

    one, two, three = told
    begin = SOLUTION.index("3 * 6")
    fill(
        one,
        "ann",
        "submitted",
        verdict_step_0="good",
        verdict_step_1="bad",
        verdict_step_2="bad",
        kinds=["carry"],
        clarity=4,
        remark="It goes wrong at the product.",
        mistakes=[{"start": begin, "end": len(SOLUTION), "label": "carry"}],
    )
    fill(one, "ben", "submitted", verdict_step_0="good", verdict_step_1="neutral", clarity=0)
    fill(one, "cem", "draft", verdict_step_0="bad")
    fill(two, "ann", "discarded", verdict_step_0="bad")
    fill(two, "ben", "submitted", verdict_step_0="good")
    fill(three, "cem", "draft", verdict_step_0="good", remark="later")


def ranked(rg: Any, client: Any, users: dict[str, uuid.UUID]) -> Any:
    fields = [rg.TextField(name="question"), rg.TextField(name="first"), rg.TextField(name="second")]
    questions = [rg.RankingQuestion(name="order", values=["first", "second"])]
    dataset = rg.Dataset(
        name="ranked", settings=rg.Settings(fields=fields, questions=questions), client=client
    )
    dataset.create()
    answer = {"question": "What is 6 * 7?", "first": "6 * 7 = 42.", "second": "6 * 7 = 43."}
    order = [{"value": "first", "rank": 1}, {"value": "second", "rank": 2}]
    record = rg.Record(id="rank-1", fields=answer)
    record.responses.add(rg.Response("order", order, user_id=users["ann"], status="submitted"))
    dataset.records.log([record])
    return dataset


def served(rg: Any, client: Any, users: dict[str, uuid.UUID]) -> list[dict[str, Any]]:
    """Orders of three answers, as the server itself gives them out: the client's own exports leave the ranks away."""
    fields = [rg.TextField(name=name) for name in ("question", "first", "second", "third")]
    questions = [
        rg.RankingQuestion(name="order", values=["first", "second", "third"]),
        rg.TextQuestion(name="remark", required=False),
    ]
    made = rg.Settings(fields=fields, questions=questions, distribution=rg.TaskDistribution(min_submitted=3))
    dataset = rg.Dataset(name="served", settings=made, client=client)
    dataset.create()
    found = []
    for number, (one, two, three) in enumerate((("42.", "43.", "It is 42."), ("5.", "4.", "Five."))):
        texts = {"question": f"Sum {number}?", "first": one, "second": two, "third": three}
        record = rg.Record(id=f"rank-{number}", fields=texts)
        for who, status, ranks in (
            ("ann", "submitted", (1, 2, 1)),
            ("ben", "submitted", (3, 1, 2)),
            ("cem", "draft", (1, 2, 3)),
        ):
            order = [
                {"value": name, "rank": rank}
                for name, rank in zip(("first", "second", "third"), ranks, strict=True)
            ]
            record.responses.add(rg.Response("order", order, user_id=users[who], status=status))
        if number == 0:
            record.responses.add(
                rg.Response("remark", "The second is off by one.", user_id=users["ann"], status="submitted")
            )
            record.suggestions.add(rg.Suggestion("order", ["third", "first", "second"], agent="critic"))
        found.append(record)
    dataset.records.log(found)
    about = {"include": ["responses", "suggestions"], "limit": 100}
    answer = client.http_client.get(f"/api/v1/datasets/{dataset.id}/records", params=about)
    answer.raise_for_status()
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def steps(rg: Any, client: Any, users: dict[str, uuid.UUID]) -> Any:
    """One record for each step of a trace."""
    made = rg.Settings(
        fields=[rg.TextField(name="step")],
        questions=[rg.LabelQuestion(name="label", labels=["correct", "incorrect"])],
        metadata=[rg.TermsMetadataProperty(name="trace_id"), rg.IntegerMetadataProperty(name="step_index")],
    )
    dataset = rg.Dataset(name="steps", settings=made, client=client)
    dataset.create()
    found = []
    for number, (text, said) in enumerate((("4 + 2 = 6.", "correct"), ("3 * 6 = 16.", "incorrect"))):
        record = rg.Record(
            id=f"s{number}", fields={"step": text}, metadata={"trace_id": "sum-1", "step_index": number}
        )
        record.responses.add(rg.Response("label", said, user_id=users["cem"], status="submitted"))
        found.append(record)
    dataset.records.log(found)
    return dataset


def write(folder: Path) -> None:
    import argilla as rg

    client = rg.Argilla(api_url=HOST, api_key=KEY)
    rg.Workspace(name="sums", client=client).create()
    users = {}
    for name in ("ann", "ben", "cem"):
        made = rg.User(username=name, password=PASSWORD, role="annotator", client=client).create()
        made.add_to_workspace(client.workspaces("sums"))
        users[name] = made.id
    dataset = rg.Dataset(name="solutions", settings=settings(rg), client=client)
    dataset.create()
    told = records(rg)
    answers(rg, users, told)
    dataset.records.log(told)

    def found(one: Any) -> Any:
        return one.records(with_suggestions=True, with_responses=True)

    for name, one in (
        ("argilla", dataset),
        ("argilla_ranked", ranked(rg, client, users)),
        ("argilla_steps", steps(rg, client, users)),
    ):
        (folder / f"{name}.json").unlink(missing_ok=True)
        found(one).to_json(str(folder / f"{name}.json"))
    (folder / "argilla_served.json").write_text(json.dumps(served(rg, client, users)))
    flat = found(dataset).to_datasets()
    flat.to_parquet(str(folder / "argilla_flat.parquet"))
    flat.to_json(str(folder / "argilla_flat.jsonl"))
    flat.to_csv(str(folder / "argilla_flat.csv"))


def main(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as home:
        facts = os.environ | {
            "ARGILLA_HOME_PATH": home,
            "ARGILLA_ENABLE_TELEMETRY": "0",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_OFFLINE": "1",
            "ARGILLA_REDIS_URL": os.environ.get("ARGILLA_REDIS_URL", "redis://127.0.0.1:6379/0"),
        }
        program = [sys.executable, "-m", "argilla_server", "database"]
        subprocess.run([*program, "migrate"], env=facts, check=True)
        owner = ["--first-name", "o", "--username", "owner", "--role", "owner", "--password", PASSWORD]
        subprocess.run([*program, "users", "create", *owner, "--api-key", KEY], env=facts, check=True)
        server = subprocess.Popen([sys.executable, __file__, "serve"], env=facts)
        try:
            os.environ |= {"HF_HUB_OFFLINE": "1", "ARGILLA_ENABLE_TELEMETRY": "0"}
            wait()
            write(folder)
        finally:
            server.terminate()
            server.wait(timeout=30)


def wait() -> None:
    import httpx

    for _ in range(60):
        try:
            httpx.get(HOST + "/api/v1/version", timeout=5)
            return
        except httpx.HTTPError:
            time.sleep(1)
    raise SystemExit("the server did not start")


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve()
    else:
        main(Path(sys.argv[1]))
