"""The API as a page: what the OpenAPI schema says, set like the rest of Gradus, with no script and no outside host."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator


@dataclass(frozen=True, slots=True)
class Operation:
    method: str
    path: str
    says: str
    takes: tuple[str, ...]
    body: str
    answers: tuple[str, ...]


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    nouns: dict[str, list[Operation]] = defaultdict(list)
    for path, methods in schema["paths"].items():
        if path == "/api/schema/":
            continue
        for method, operation in methods.items():
            nouns[_noun(path)].append(_operation(path, method, operation))
    return render(request, "api/reference.html", {"nouns": dict(nouns)})


def _noun(path: str) -> str:
    """The word a path is about: what follows a project, or stands first."""
    words = [word for word in path.removeprefix("/api/").split("/") if word and not word.startswith("{")]
    return words[1] if words[0] == "projects" and len(words) > 1 else words[0]


def _operation(path: str, method: str, operation: dict[str, Any]) -> Operation:
    parameters = (p["name"] for p in operation.get("parameters", ()) if p["in"] == "query")
    contents = operation.get("requestBody", {}).get("content", {})
    return Operation(
        method=method.upper(),
        path=path,
        says=operation.get("description", ""),
        takes=tuple(parameters),
        body=next((_name(content["schema"]) for content in contents.values()), ""),
        answers=tuple(operation["responses"]),
    )


def _name(schema: dict[str, Any]) -> str:
    return str(schema["$ref"]).rsplit("/", 1)[-1] if "$ref" in schema else "see docs/formats.md"
