"""Write ``langfuse*``: what Langfuse's SDK records of an agent, in the shapes in which Langfuse's API gives it back.

By hand, in an environment of its own: ``pip install openai "langfuse<4"`` for traces with all details, or ``pip
install openai langfuse`` for lists of observations and scores, then ``python write_langfuse.py FOLDER_OF_THIS_FILE``.
Written by langfuse 3.15.0 and 5.0.4. There is no server: a few lines below take what the SDK sends, and the SDK's own
classes of the API's answers, filled with it, write the files.
"""

from __future__ import annotations

import datetime
import json
import os
import sys
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from write_spans import TOOL, Model, served

TAKEN: list[dict[str, Any]] = []
BEGAN = datetime.datetime(2026, 11, 30, 9, 0, tzinfo=datetime.UTC)
ANN, PROJECT = "user-ann", "project-1"


class Server(BaseHTTPRequestHandler):
    """Takes spans as Langfuse does."""

    def do_POST(self) -> None:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path.endswith("/otel/v1/traces"):
            if self.headers.get("content-encoding") == "gzip":
                import gzip

                body = gzip.decompress(body)
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    TAKEN.extend(map(plain, scope.spans))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        return


def plain(span: Any) -> dict[str, Any]:
    attributes = {}
    for pair in span.attributes:
        kind = pair.value.WhichOneof("value")
        attributes[pair.key] = getattr(pair.value, kind) if kind else None
    return {
        "id": span.span_id.hex(),
        "trace": span.trace_id.hex(),
        "parent": span.parent_span_id.hex() or None,
        "name": span.name,
        "start": span.start_time_unix_nano,
        "end": span.end_time_unix_nano,
        "attributes": attributes,
    }


def work(base: str) -> None:
    from langfuse import get_client
    from langfuse.openai import OpenAI
    from openai import BadRequestError

    client = OpenAI(base_url=base + "/v1", api_key="none", max_retries=0)
    langfuse = get_client()
    with langfuse.start_as_current_observation(as_type="span", name="agent run"):
        messages: list[Any] = [
            {"role": "system", "content": "Use the tool."},
            {"role": "user", "content": "What is 2 + 3 and 4 + 5?"},
        ]
        for _ in range(2):
            answer = client.chat.completions.create(model="tiny-1", messages=messages, tools=[TOOL])
            message = answer.choices[0].message
            messages.append(message.model_dump(exclude_none=True))
            for call in message.tool_calls or []:
                given = json.loads(call.function.arguments)
                with langfuse.start_as_current_observation(as_type="tool", name="add", input=given) as tool:
                    tool.update(output=sum(given.values()))
                messages.append(
                    {"role": "tool", "tool_call_id": call.id, "content": str(sum(given.values()))}
                )
    client.chat.completions.create(model="tiny-1", messages=[{"role": "user", "content": "What is 2 + 2?"}])
    with suppress(BadRequestError):
        client.chat.completions.create(model="tiny-1", messages=[{"role": "user", "content": "Please fail."}])
    langfuse.flush()


def value(text: Any) -> Any:
    """Langfuse stores what it can read as JSON as such."""
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text


def observation(span: dict[str, Any]) -> dict[str, Any]:
    """The API's fields of one span, in its names."""
    given = span["attributes"]

    def found(name: str) -> Any:
        return given.get(f"langfuse.observation.{name}")

    return {
        "id": span["id"],
        "traceId": span["trace"],
        "type": str(found("type") or "span").upper(),
        "name": span["name"],
        "startTime": moment(span["start"]),
        "endTime": moment(span["end"]),
        "parentObservationId": span["parent"],
        "level": found("level") or "DEFAULT",
        "statusMessage": found("status_message"),
        "input": value(found("input")),
        "output": value(found("output")),
        "model": found("model.name"),
        "modelParameters": value(found("model.parameters")) or {},
        "usageDetails": {
            name: number
            for name, number in (value(found("usage_details")) or {}).items()
            if isinstance(number, int)
        },
        "costDetails": {},
        "environment": "default",
        "version": None,
        "metadata": {},
    }


def moment(nanoseconds: int) -> datetime.datetime:
    """Later by as much as it was after the first span, so that nothing of the day is in the file."""
    first = min(span["start"] for span in TAKEN)
    return BEGAN + datetime.timedelta(microseconds=(nanoseconds - first) // 1000)


def scores(trace: str, calls: list[str]) -> list[dict[str, Any]]:
    """Two people's, an evaluator's and a program's, of the whole and of single calls."""
    made: list[dict[str, Any]] = [
        {"name": "verdict", "source": "ANNOTATION", "authorUserId": ANN, "observationId": calls[0]}
        | {"dataType": "CATEGORICAL", "value": 1, "stringValue": "good"},
        {"name": "verdict", "source": "ANNOTATION", "authorUserId": "user-ben", "observationId": calls[1]}
        | {"dataType": "CATEGORICAL", "value": 0, "stringValue": "bad", "comment": "Only one of the sums."},
        {"name": "verdict", "source": "EVAL", "observationId": calls[1]}
        | {"dataType": "BOOLEAN", "value": 1, "stringValue": "True"},
        {"name": "helpful", "source": "ANNOTATION", "authorUserId": ANN}
        | {"dataType": "BOOLEAN", "value": 0, "stringValue": "False"},
        {"name": "quality", "source": "EVAL", "dataType": "NUMERIC", "value": 0.75, "comment": "Fine."},
        {"name": "cost", "source": "API", "dataType": "NUMERIC", "value": 0.0},
    ]
    for number, one in enumerate(made):
        one.update({"id": f"score-{number}", "traceId": trace, "environment": "default"})
        one.update(dict.fromkeys(("timestamp", "createdAt", "updatedAt"), BEGAN))
    return made


def by_trace() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for span in sorted(TAKEN, key=lambda span: int(span["start"])):
        found.setdefault(span["trace"], []).append(observation(span))
    return found


def traces(folder: Path) -> None:
    """``GET traces/ID`` of version 3, one answer a line."""
    from langfuse.api.resources.commons.types.trace_with_full_details import TraceWithFullDetails

    lines = []
    for name, seen in by_trace().items():
        calls = [one["id"] for one in seen if one["type"] == "GENERATION"]
        unpriced = {"unit": "TOKENS", "promptTokens": 0, "completionTokens": 0, "totalTokens": 0}
        unpriced |= {"usage": {"input": 0, "output": 0, "total": 0, "unit": "TOKENS"}}
        trace = {
            "id": name,
            "timestamp": BEGAN,
            "name": seen[0]["name"],
            "userId": "somebody",
            "tags": ["made up"],
            "public": False,
            "environment": "default",
            "htmlPath": f"/project/{PROJECT}/traces/{name}",
            "latency": 0.5,
            "totalCost": 0,
            "observations": [one | unpriced for one in seen],
            "scores": scores(name, calls) if len(calls) > 1 else [],
        }
        lines.append(TraceWithFullDetails.parse_obj(trace).json())
    (folder / "langfuse_traces.jsonl").write_text("\n".join(lines) + "\n")


def lists(folder: Path) -> None:
    """``GET v2/observations`` and ``GET v3/scores``."""
    from langfuse.api.core.pydantic_utilities import parse_obj_as
    from langfuse.api.observations.types import ObservationsV2Response
    from langfuse.api.scores.types import GetScoresV3Response

    seen = [one | {"projectId": PROJECT} for group in by_trace().values() for one in group]
    answer = parse_obj_as(ObservationsV2Response, {"data": list(reversed(seen)), "meta": {}})
    (folder / "langfuse_observations.json").write_text(answer.json())
    name, agent = next(iter(by_trace().items()))
    said = []
    for one in scores(name, [one["id"] for one in agent if one["type"] == "GENERATION"]):
        about = one.pop("observationId", None)
        within = {"kind": "observation", "id": about, "traceId": name}
        one["subject"] = within if about else {"kind": "trace", "id": name}
        text = one.pop("stringValue", None)
        kind = one["dataType"]
        one["value"] = (
            text if kind == "CATEGORICAL" else bool(one["value"]) if kind == "BOOLEAN" else one["value"]
        )
        said.append({key: given for key, given in one.items() if key != "traceId"} | {"projectId": PROJECT})
    told = parse_obj_as(GetScoresV3Response, {"data": said, "meta": {"limit": 50}})
    (folder / "langfuse_scores.json").write_text(told.json())


def main(folder: Path) -> None:
    os.environ |= {
        "LANGFUSE_HOST": served(Server),
        "LANGFUSE_BASE_URL": served(Server),
        "LANGFUSE_PUBLIC_KEY": "pk-lf-nobody",
        "LANGFUSE_SECRET_KEY": "sk-lf-nobody",
    }
    work(served(Model))
    try:
        traces(folder)
    except ImportError:
        lists(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
