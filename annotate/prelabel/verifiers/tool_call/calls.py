"""The tools a problem offers, the calls a step makes, and whether a call fits its tool's schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from annotate.prelabel.checking.verdicts import Claim
from annotate.prelabel.contracts import StepTask

MAX_CHARACTERS = 100_000
# A schema that refers to itself over and over can be made to take for ever.
MAX_REFERENCES = 20
_SHOWN = 3
_TAGGED = re.compile(r"<(?:tool_call|function_call)>(.*?)</(?:tool_call|function_call)>", re.DOTALL)
_FENCED = re.compile(r"```(?:json|tool_call)\s*\n(.*?)```", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Call:
    """``arguments`` is None where they cannot be read; ``trouble`` then says why."""

    name: str
    arguments: Any
    trouble: str = ""


def tools_of(meta: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """``meta.tools`` in the shape of OpenAI's ``tools``: the parameters' schema by the tool's name."""
    tools: dict[str, Mapping[str, Any]] = {}
    given = meta.get("tools")
    for tool in given if isinstance(given, list) else ():
        described = tool.get("function", tool) if isinstance(tool, Mapping) else None
        if isinstance(described, Mapping) and isinstance(described.get("name"), str):
            schema = described.get("parameters", described.get("input_schema"))
            tools[described["name"]] = schema if isinstance(schema, Mapping) else {}
    return tools


def calls_of(step: StepTask) -> list[Call]:
    """The calls of an action: from its meta, else from its text."""
    meta = step.meta
    given = meta.get("tool_calls") or ([meta["tool_call"]] if "tool_call" in meta else [])
    if not given and "name" in meta and "arguments" in meta:
        given = [meta]
    if isinstance(given, list) and given:
        return [call for part in given if (call := _call(part)) is not None]
    return list(_in_text(step.text))


def _in_text(text: str) -> Iterator[Call]:
    if len(text) > MAX_CHARACTERS:
        return
    tagged = _TAGGED.findall(text)
    for part in tagged or [*_FENCED.findall(text), text]:
        try:
            call = _call(json.loads(part))
        except (ValueError, RecursionError):
            if tagged:
                yield Call("", None, "the call is not JSON")
            continue
        if call is not None:
            yield call


def _call(part: Any) -> Call | None:
    described = part.get("function", part) if isinstance(part, Mapping) else None
    if not isinstance(described, Mapping) or not isinstance(described.get("name"), str):
        return None
    arguments = described.get("arguments", described.get("parameters", described.get("input", {})))
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments or "{}") if len(arguments) <= MAX_CHARACTERS else None
        except (ValueError, RecursionError):
            return Call(described["name"], None, "its arguments are not JSON")
    return Call(described["name"], arguments)


def check(call: Call, tools: Mapping[str, Mapping[str, Any]]) -> Claim:
    """Whether a call names a tool that exists, with arguments that its schema takes."""
    text = f"{call.name}({json.dumps(call.arguments, ensure_ascii=False)})" if call.name else "the call"
    if call.trouble:
        return Claim(text, "refuted", reason=call.trouble)
    if call.name not in tools:
        return Claim(text, "refuted", expected=", ".join(tools), reason=f"there is no tool {call.name}")
    if not isinstance(call.arguments, Mapping):
        return Claim(text, "refuted", reason="its arguments are not an object")
    schema = tools[call.name]
    written = json.dumps(schema)
    if len(written) + len(text) > MAX_CHARACTERS or written.count('"$ref"') > MAX_REFERENCES:
        return Claim(text, "unclear", reason="the schema or the call is too large to check")
    return _checked(text, call.arguments, schema)


def _checked(text: str, arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> Claim:
    from jsonschema import Draft202012Validator, SchemaError, validators
    from referencing import Registry

    # A pattern may be made to match for ever, and nothing interrupts it: patterns are not checked.
    unpatterned = {"pattern": None, "patternProperties": None}
    functions = {
        name: check for name, check in Draft202012Validator.VALIDATORS.items() if name not in unpatterned
    }
    validator_class = validators.create(Draft202012Validator.META_SCHEMA, functions)
    try:
        Draft202012Validator.check_schema(schema)
        # An empty registry: nothing is fetched from anywhere.
        validator = validator_class(schema, registry=Registry())
        errors = sorted(
            validator.iter_errors(arguments), key=lambda error: list(map(str, error.absolute_path))
        )
    except SchemaError as error:
        return Claim(text, "unclear", reason=f"the tool's own schema is wrong: {error.message}")
    except (RecursionError, ArithmeticError, TypeError, ValueError, AttributeError, LookupError) as error:
        return Claim(text, "unclear", reason=f"the schema cannot be applied: {type(error).__name__}")
    except Exception as error:
        if type(error).__module__.partition(".")[0] in {"jsonschema", "referencing"}:
            return Claim(text, "unclear", reason="the schema refers to something that is not here")
        raise
    if not errors:
        unlisted = set(arguments) - set(schema.get("properties") or {})
        if unlisted and schema.get("properties"):
            return Claim(text, "unclear", reason=f"the schema does not list {', '.join(sorted(unlisted))}")
        return Claim(text, "supported", reason="it fits the tool's schema")
    return Claim(text, "refuted", reason="; ".join(_spoken(error) for error in errors[:_SHOWN]))


def _spoken(error: Any) -> str:
    place = ".".join(str(part) for part in error.absolute_path)
    return f"{place}: {error.message}" if place else str(error.message)
