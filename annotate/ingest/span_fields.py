"""Spans of OpenTelemetry as their exporters write them, and what a model was sent and answered in each.

OTLP's JSON (``resourceSpans``), one flat span per record, and tables with a column per attribute are brought to one
form. Messages are read by the conventions of OpenInference (``llm.input_messages.0.message.role``), of OpenTelemetry
(``gen_ai.input.messages``) and of OpenLLMetry (``gen_ai.prompt.0.content``).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from annotate.errors import Rejected
from annotate.ingest.album import Album
from annotate.ingest.call_history import Call
from annotate.ingest.fields import Fields, name_or_nothing
from annotate.ingest.message_fields import Message, message_of

Attributes = Mapping[str, Any]
_VALUES = ("stringValue", "boolValue", "intValue", "doubleValue", "bytesValue")
_HEX = re.compile(r"(?:0x)?([0-9a-fA-F]{32})$")
_INDEXED = re.compile(r"(\d{1,5})\.(.+)$")
_MODELS = ("llm.model_name", "gen_ai.response.model", "gen_ai.request.model")
_IDS = {
    "trace_id": ("traceId", "trace_id", "context.trace_id"),
    "span_id": ("spanId", "span_id", "context.span_id"),
    "start": ("startTimeUnixNano", "start_time_unix_nano", "start_time", "startTime"),
}


def spans_in(record: Fields) -> Iterator[dict[str, Any]]:
    """The spans of a record as ``trace_id``, ``span_id``, ``start``, ``name``, ``error`` and flat ``attributes``."""
    if not record.has("resourceSpans") and not record.has("resource_spans"):
        yield _span(record)
        return
    for path, entry in record.items("resourceSpans" if record.has("resourceSpans") else "resource_spans"):
        resource = Fields.of(entry, path)
        name = next(
            (
                name
                for name in ("scopeSpans", "scope_spans", "instrumentationLibrarySpans")
                if resource.has(name)
            ),
            "",
        )
        for place, scope in resource.items(name) if name else ():
            scoped = Fields.of(scope, place)
            for at, span in scoped.items("spans") if scoped.has("spans") else ():
                yield _span(Fields.of(span, at))


def _span(given: Fields) -> dict[str, Any]:
    whole = dict(_flat(dict(given.items_of()))) if not given.has("attributes") else {}
    context = given.raw("context") if isinstance(given.raw("context"), dict) else {}
    found: dict[str, Any] = {"name": given.raw("name") if isinstance(given.raw("name"), str) else ""}
    for name, spellings in _IDS.items():
        values = [given.raw(one) or whole.get(one) for one in spellings]
        found[name] = next((str(value) for value in [*values, context.get(name)] if value), "")
    if not found["trace_id"]:
        raise Rejected("belongs to no trace", field=given.path("traceId"))
    found["trace_id"] = Fields({"traceId": _as_hex(found["trace_id"])}, given.path("")[:-1]).name("traceId")
    found["error"] = _error(given.raw("status"), whole)
    attributes = given.raw("attributes")
    if isinstance(attributes, list):
        found["attributes"] = dict(_flat(_of_pairs(attributes)))
    elif isinstance(attributes, dict):
        found["attributes"] = dict(_flat(attributes))
    else:
        cut = len("attributes.")
        found["attributes"] = {
            name[cut:]: value for name, value in whole.items() if name.startswith("attributes.")
        }
    return found


def _as_hex(name: str) -> str:
    """One name for a trace, however its 16 bytes are written: consoles put 0x before them, protobuf's JSON takes
    base64."""
    written = _HEX.match(name)
    if written:
        return written[1].lower()
    if len(name) == 24 and name.endswith("=="):
        try:
            return base64.b64decode(name, validate=True).hex()
        except (binascii.Error, ValueError):
            return name
    return name


def _error(status: Any, whole: Attributes) -> str:
    """What a span failed with; empty for one that did not."""
    given = status if isinstance(status, dict) else {}
    code = given.get("code", given.get("status_code", whole.get("status_code")))
    if str(code).upper() not in ("2", "ERROR", "STATUS_CODE_ERROR"):
        return ""
    said = given.get("message") or given.get("description") or whole.get("status_message")
    return said if isinstance(said, str) and said.strip() else "error"


def call_in(span: Mapping[str, Any], album: Album) -> Call | None:
    """What a span says; None for one that is no call of a model and no tool's answer."""
    attributes: Attributes = span["attributes"]
    path = f"span {span['span_id'] or span['name']}"
    sent = [*_gen_ai(attributes, "gen_ai.system_instructions", path, album, role="system")]
    sent += _gen_ai(attributes, "gen_ai.input.messages", path, album)
    answered = [*_gen_ai(attributes, "gen_ai.output.messages", path, album)]
    for prefix, messages in (("llm.input_messages.", sent), ("llm.output_messages.", answered)):
        messages += [message_of(Fields(one, path), album) for one in _open_inference(attributes, prefix)]
    for prefix, messages in (("gen_ai.prompt.", sent), ("gen_ai.completion.", answered)):
        messages += [message_of(Fields(one, path), album) for one in _open_llmetry(attributes, prefix)]
    if sent or answered:
        models = [name_or_nothing(attributes.get(name), f"{path}.{name}") for name in _MODELS]
        model = next(filter(None, models), "")
        return Call(sent, answered, model=model)
    return _tool(attributes, path, album)


def _tool(attributes: Attributes, path: str, album: Album) -> Call | None:
    is_tool = attributes.get("openinference.span.kind") == "TOOL"
    if not is_tool and attributes.get("gen_ai.operation.name") != "execute_tool":
        return None
    given = attributes.get("output.value", attributes.get("gen_ai.tool.call.result"))
    if given is None:
        return None
    text = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
    name = attributes.get("tool.name") or attributes.get("gen_ai.tool.name") or ""
    return Call(result=message_of(Fields({"role": "tool", "name": name, "content": text}, path), album))


def _gen_ai(attributes: Attributes, name: str, path: str, album: Album, role: str = "") -> Iterator[Message]:
    """Messages with parts, written as JSON in one attribute, or laid out flat with it."""
    given = attributes.get(name)
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            raise Rejected("is no JSON", field=f"{path}.{name}") from None
    elif given is None:
        given = [_nested(one) for one in _by_number(attributes, f"{name}.")]
    if not isinstance(given, list):
        raise Rejected("must be a list of messages", field=f"{path}.{name}")
    if role and given:
        given = [{"role": role, "parts": given}]
    for number, one in enumerate(given):
        yield message_of(Fields.of(one, f"{path}.{name}[{number}]"), album)


def _open_inference(attributes: Attributes, prefix: str) -> Iterator[dict[str, Any]]:
    for flat in _by_number(attributes, prefix):
        cut = len("message.")
        message = {key[cut:]: value for key, value in flat.items() if key.startswith("message.")}
        calls = [
            {
                "id": call.get("tool_call.id"),
                "function": {
                    "name": call.get("tool_call.function.name"),
                    "arguments": call.get("tool_call.function.arguments", "{}"),
                },
            }
            for call in _by_number(message, "tool_calls.")
        ]
        parts = [_part(part) for part in _by_number(message, "contents.")]
        yield {
            "role": message.get("role"),
            "content": message.get("content") if message.get("content") is not None else parts or None,
            "name": message.get("name"),
            **({"tool_calls": calls} if calls else {}),
        }


def _part(flat: Mapping[str, Any]) -> dict[str, Any]:
    kind = flat.get("message_content.type")
    if kind == "image":
        return {"type": "image_url", "image_url": {"url": flat.get("message_content.image.image.url")}}
    return {"type": kind or "text", "text": flat.get("message_content.text", "")}


def _open_llmetry(attributes: Attributes, prefix: str) -> Iterator[dict[str, Any]]:
    for flat in _by_number(attributes, prefix):
        calls = [
            {"name": call.get("name"), "arguments": call.get("arguments", "{}")}
            for call in _by_number(flat, "tool_calls.")
        ]
        yield {
            "role": flat.get("role") or ("assistant" if "completion" in prefix else "user"),
            "content": flat.get("content"),
            **({"tool_calls": calls} if calls else {}),
        }


def _by_number(attributes: Attributes, prefix: str) -> list[dict[str, Any]]:
    """``prefix0.a``, ``prefix0.b``, ``prefix1.a`` as one object for each number."""
    found: dict[int, dict[str, Any]] = {}
    for name, value in attributes.items():
        if name.startswith(prefix) and (place := _INDEXED.match(name, len(prefix))):
            found.setdefault(int(place[1]), {})[place[2]] = value
    return [found[number] for number in sorted(found)]


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """An object whose lists were laid out flat."""
    plain = {name: value for name, value in flat.items() if "." not in name}
    for name in {name.partition(".")[0] for name in flat if "." in name}:
        inner = _by_number(flat, f"{name}.")
        plain[name] = [_nested(one) for one in inner] if inner else None
    return plain


def _of_pairs(pairs: list[Any]) -> dict[str, Any]:
    return {
        pair["key"]: _any_value(pair.get("value"))
        for pair in pairs
        if isinstance(pair, dict) and isinstance(pair.get("key"), str)
    }


def _any_value(value: Any) -> Any:
    """OTLP's AnyValue: whole numbers come as strings, and are left so."""
    if not isinstance(value, dict):
        return value
    for name in _VALUES:
        if name in value:
            return value[name]
    if "arrayValue" in value:
        return [_any_value(one) for one in (value["arrayValue"] or {}).get("values", [])]
    if "kvlistValue" in value:
        return _of_pairs((value["kvlistValue"] or {}).get("values", []))
    return None


def _flat(value: Any, prefix: str = "", depth: int = 24) -> Iterator[tuple[str, Any]]:
    """Objects and lists of objects as dotted names; what is neither stays as it is."""
    entries = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list) and value and isinstance(value[0], dict)
        else None
    )
    if entries is None or depth == 0:
        yield prefix, value
        return
    for name, inner in entries:
        yield from _flat(inner, f"{prefix}.{name}" if prefix else str(name), depth - 1)
