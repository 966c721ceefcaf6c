"""Write ``spans*``: what OpenTelemetry's exporters write of one agent's calls, as three instrumentations record them.

By hand, in an environment of its own: ``pip install openai httpx opentelemetry-sdk
opentelemetry-exporter-otlp-proto-http opentelemetry-exporter-otlp-json-file openinference-instrumentation-openai
opentelemetry-instrumentation-openai-v2 opentelemetry-util-genai==0.4b0 opentelemetry-instrumentation-openai``, then
``python write_spans.py FOLDER_OF_THIS_FILE``. Written by opentelemetry-sdk 1.45.2 with
openinference-instrumentation-openai 0.1.66, opentelemetry-instrumentation-openai-v2 2.4b0 and
opentelemetry-instrumentation-openai (OpenLLMetry) 0.62.4, about openai 3.57.0 and a model that is a few lines below.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

KINDS = ("openinference", "genai", "openllmetry")
TOOL = {
    "type": "function",
    "function": {
        "name": "add",
        "description": "Adds two numbers.",
        "parameters": {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            "required": ["a", "b"],
        },
    },
}


class Model(BaseHTTPRequestHandler):
    """Calls the tool once, answers when it has the result, and fails where it is told to."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        last = asked["messages"][-1]
        if "fail" in str(last["content"]):
            self.answer(400, {"error": {"message": "This model fails.", "type": "invalid_request_error"}})
            return
        message: dict[str, Any] = {"role": "assistant", "content": f"It is {last['content']}.\n\nDone ✓."}
        if last["role"] == "user" and asked.get("tools"):
            calls = [(2, 3), (4, 5)] if "and" in last["content"] else [(2, 3)]
            message = {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": f"call_{n}",
                        "type": "function",
                        "function": {"name": "add", "arguments": json.dumps({"a": a, "b": b})},
                    }
                    for n, (a, b) in enumerate(calls)
                ],
            }
        elif last["role"] == "user":
            message["content"] = "2 + 2 is 4.\n\nSo it is 4."
        self.answer(
            200,
            {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 1_700_000_000,
                "model": "tiny-1-2026",
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13},
            },
        )

    def answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: Any) -> None:
        return


class Collector(BaseHTTPRequestHandler):
    """Takes what the exporter posts, as a collector would."""

    taken: list[bytes] = []

    def do_POST(self) -> None:
        self.taken.append(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        return


def served(handler: type[BaseHTTPRequestHandler]) -> str:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def instrument(kind: str) -> None:
    if kind == "openinference":
        from openinference.instrumentation.openai import OpenAIInstrumentor
    elif kind == "genai":
        from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor
    else:
        from opentelemetry.instrumentation.openai import OpenAIInstrumentor
    OpenAIInstrumentor().instrument()


def tool_span(kind: str, call: Any) -> dict[str, str]:
    """What an agent's own code records of a tool, by each convention."""
    result = str(sum(json.loads(call.function.arguments).values()))
    if kind == "openinference":
        return {
            "openinference.span.kind": "TOOL",
            "tool.name": "add",
            "input.value": call.function.arguments,
            "output.value": result,
        }
    return {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "add",
        "gen_ai.tool.call.id": call.id,
        "gen_ai.tool.call.arguments": call.function.arguments,
        "gen_ai.tool.call.result": result,
    }


def work(kind: str, base: str) -> None:
    import openai
    from opentelemetry import trace

    client = openai.OpenAI(base_url=base + "/v1", api_key="none", max_retries=0)
    tracer = trace.get_tracer("agent")
    with tracer.start_as_current_span("agent run"):
        messages: list[Any] = [
            {"role": "system", "content": "Use the tool."},
            {"role": "user", "content": "What is 2 + 3 and 4 + 5?"},
        ]
        for _ in range(2):
            answer = client.chat.completions.create(model="tiny-1", messages=messages, tools=[TOOL])
            message = answer.choices[0].message
            messages.append(message.model_dump(exclude_none=True))
            for call in message.tool_calls or []:
                with tracer.start_as_current_span("execute_tool add") as span:
                    span.set_attributes(given := tool_span(kind, call))
                result = given.get("output.value", given.get("gen_ai.tool.call.result"))
                messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
    client.chat.completions.create(model="tiny-1", messages=[{"role": "user", "content": "What is 2 + 2?"}])
    with suppress(openai.BadRequestError):
        client.chat.completions.create(model="tiny-1", messages=[{"role": "user", "content": "Please fail."}])


def scrubbed(text: str) -> str:
    """Tracebacks without the paths of the machine, addresses without a port that was free there."""
    for path, name in (
        (sys.prefix, "/venv"),
        (sys.base_prefix, "/python"),
        (str(Path(__file__).parent), "/agent"),
    ):
        text = text.replace(path, name)
    return re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:8000", text)


def record(kind: str, folder: Path) -> None:
    from google.protobuf.json_format import MessageToJson
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.json.file.trace_exporter import FileSpanExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

    provider = TracerProvider(resource=Resource({"service.name": "agent"}))
    console = (folder / f"spans_{kind}_console.json").open("w")
    lines = folder / f"spans_{kind}_otlp.jsonl"
    lines.unlink(missing_ok=True)
    exporters = [
        ConsoleSpanExporter(out=console),
        FileSpanExporter(str(lines)),
        OTLPSpanExporter(endpoint=served(Collector) + "/v1/traces"),
    ]
    for exporter in exporters:
        provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    instrument(kind)
    work(kind, served(Model))
    provider.shutdown()
    console.close()
    whole = ExportTraceServiceRequest()
    for taken in Collector.taken:
        whole.MergeFrom(ExportTraceServiceRequest.FromString(taken))
    (folder / f"spans_{kind}_protobuf.json").write_text(MessageToJson(whole, indent=1))
    for written in folder.glob(f"spans_{kind}_*"):
        written.write_text(scrubbed(written.read_text()))


def main(folder: Path) -> None:
    """One process for each, since an instrumentation stays."""
    for kind in KINDS:
        facts = os.environ | {
            "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental",
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "span_only",
            "TRACELOOP_TELEMETRY": "false",
        }
        subprocess.run([sys.executable, __file__, str(folder), kind], env=facts, check=True)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        record(sys.argv[2], Path(sys.argv[1]))
    else:
        main(Path(sys.argv[1]))
