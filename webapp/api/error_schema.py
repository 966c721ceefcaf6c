"""The schema's word for what every operation may answer instead: the request is at fault, and why."""

from __future__ import annotations

from typing import Any

ERROR = {
    "type": "object",
    "description": (
        "What is wrong with the request. A rejected value comes with its field, its row where there are several, and "
        "the reason; a form with several faults has a list of reasons under each field's name."
    ),
    "properties": {
        "error": {"type": "string", "description": "The kind of fault."},
        "detail": {"type": "string"},
        "row": {"type": "integer", "nullable": True},
        "field": {"type": "string", "nullable": True},
        # Some forms have a field of that name themselves, whose faults come under it.
        "reason": {
            "oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
            "description": "A list where it is a field of the form, as under any other field's name.",
        },
    },
    "additionalProperties": True,
}
RESPONSE = {
    "description": "Refused: nothing was changed.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}


def with_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A hook of drf-spectacular: ``4XX`` beside every answer that an operation documents."""
    result["components"].setdefault("schemas", {})["Error"] = ERROR
    for operations in result["paths"].values():
        for operation in operations.values():
            operation["responses"].setdefault("4XX", RESPONSE)
    return result
