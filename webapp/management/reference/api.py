"""Every route of the API, by the OpenAPI schema."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from drf_spectacular.generators import SchemaGenerator

from .markdown import code, page, plain, table
from .said import Undescribed

LEAD = (
    "[The API](../api.md) says how to sign in, page and stream, with examples. A running site shows the "
    "same routes under `/api/` and hands out the schema under `/api/schema/`."
)


def written() -> str:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    nouns: dict[str, list[str]] = defaultdict(list)
    for path, methods in schema["paths"].items():
        if path != "/api/schema/":
            for method, operation in methods.items():
                nouns[_noun(path)] += _operation(schema, path, method, operation)
    sections = (f"## {noun}\n\n" + "\n\n".join(parts) for noun, parts in nouns.items())
    return page("Routes of the API", LEAD, *sections)


def _noun(path: str) -> str:
    words = [word for word in path.removeprefix("/api/").split("/") if word and not word.startswith("{")]
    return words[1] if words[0] == "projects" and len(words) > 1 else words[0]


def _operation(schema: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> Iterator[str]:
    if not operation.get("description"):
        raise Undescribed(f"{method.upper()} {path} has no description")
    yield f"### `{method.upper()} {path}`"
    yield plain(operation["description"])
    queries = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
    if queries:
        yield "Parameters: " + ", ".join(code(name) for name in queries) + "."
    fields = _fields(schema, operation.get("requestBody", {}).get("content", {}))
    if fields:
        yield table(("Field", "Type", "Required"), fields)
    yield "Answers: " + ", ".join(code(status) for status in operation["responses"]) + "."


def _fields(schema: dict[str, Any], contents: dict[str, Any]) -> list[tuple[str, str, str]]:
    named = next((content["schema"] for content in contents.values() if "$ref" in content["schema"]), None)
    if named is None:
        return []
    body = schema["components"]["schemas"][named["$ref"].rpartition("/")[2]]
    required = set(body.get("required", ()))
    return [
        (code(name), _type(about), "yes" if name in required else "")
        for name, about in body.get("properties", {}).items()
        if not about.get("readOnly")
    ]


def _type(about: dict[str, Any]) -> str:
    for key in ("allOf", "oneOf", "anyOf"):
        if key in about:
            return " or ".join(_type(part) for part in about[key])
    if "$ref" in about:
        return str(about["$ref"]).rpartition("/")[2]
    kind = about.get("type", "anything")
    if isinstance(kind, list):
        kind = " or ".join(map(str, kind))
    return f"list of {_type(about['items'])}" if kind == "array" and about.get("items") else str(kind)
