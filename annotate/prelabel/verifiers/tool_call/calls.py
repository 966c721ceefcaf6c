"""The tools a problem offers, the calls a step makes, and whether a call fits its tool's schema."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from annotate.prelabel.checking.stated_values import key
from annotate.prelabel.checking.verdicts import Claim, Status
from annotate.prelabel.contracts import StepTask

MAX_CHARACTERS = 100_000
# A schema that refers to itself over and over can be made to take for ever.
MAX_REFERENCES = 20
# What agents' frameworks offer beside a problem's tools: to answer, to think, to stop, to call several tools at once.
_OF_THE_FRAMEWORK = frozenset(
    (
        *("respond", "reply", "answer", "finalanswer", "finish", "submit", "done", "stop"),
        *("end", "exit", "complete", "terminate", "noaction", "none", "wait", "think"),
        *("thought", "plan", "message", "messageuser", "askuser", "handoff"),
        *("parallel", "multitooluseparallel"),
    )
)
_SHOWN = 3
_TAGGED = re.compile(r"<(?:tool_call|function_call)>(.*?)</(?:tool_call|function_call)>", re.DOTALL)
_FENCED = re.compile(r"```(?:json|tool_call)\s*\n(.*?)```", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Call:
    """``arguments`` is None where they cannot be read; ``trouble`` then says why.

    ``is_spelled_out`` where the arguments stand beside the name.
    """

    name: str
    arguments: Any
    trouble: str = ""
    is_spelled_out: bool = True


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
            # Some models call in XML or in Python's spelling; what begins like JSON was meant to be some.
            if tagged and part.strip().startswith("{") and not _is_python(part):
                yield Call("", None, "the call is not JSON")
            continue
        if call is not None and (tagged or call.is_spelled_out):
            yield call


def _is_python(text: str) -> bool:
    try:
        return isinstance(ast.literal_eval(text.strip()), dict)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return False


def _call(part: Any) -> Call | None:
    described = part.get("function", part) if isinstance(part, Mapping) else None
    if not isinstance(described, Mapping) or not isinstance(described.get("name"), str):
        return None
    given = [name for name in ("arguments", "parameters", "input") if name in described]
    # {"name": "Alice"} is data, and with a description it is a tool and no call.
    is_spelled_out = bool(given) and "description" not in described
    arguments = described[given[0]] if given else {}
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments or "{}") if len(arguments) <= MAX_CHARACTERS else None
        except (ValueError, RecursionError):
            return Call(described["name"], None, "its arguments are not JSON", is_spelled_out)
    return Call(described["name"], arguments, "", is_spelled_out)


def check(call: Call, tools: Mapping[str, Mapping[str, Any]]) -> Claim:
    """Whether a call names a tool that exists, with arguments that its schema takes."""
    text = f"{call.name}({json.dumps(call.arguments, ensure_ascii=False)})" if call.name else "the call"
    if call.trouble:
        return Claim(text, "refuted", reason=call.trouble)
    name = _known_name(call.name, tools)
    if name is None:
        is_open = key(call.name) in _OF_THE_FRAMEWORK
        status: Status = "unclear" if is_open else "refuted"
        return Claim(text, status, expected=", ".join(tools), reason=f"there is no tool {call.name}")
    if not isinstance(call.arguments, Mapping):
        return Claim(text, "refuted", reason="its arguments are not an object")
    schema = tools[name]
    written = json.dumps(schema)
    if len(written) + len(text) > MAX_CHARACTERS or written.count('"$ref"') > MAX_REFERENCES:
        return Claim(text, "unclear", reason="the schema or the call is too large to check")
    return _checked(text, call.arguments, schema)


def _known_name(name: str, tools: Mapping[str, Any]) -> str | None:
    """The tool of this name; "functions.weather" and "get-weather" are ``weather`` and ``get_weather``."""
    last = re.split(r"[./:]|__", name)[-1]
    for wanted in (name, last):
        if wanted in tools:
            return wanted
    alike = [tool for tool in tools if key(tool) in (key(name), key(last))]
    return alike[0] if len(alike) == 1 else None


def _checked(text: str, arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> Claim:
    from jsonschema import Draft202012Validator, SchemaError, validators
    from referencing import Registry

    # A pattern may be made to match for ever, and nothing interrupts it: patterns are not checked.
    unpatterned = {"pattern": None, "patternProperties": None}
    try:
        base = validators.validator_for(schema, default=Draft202012Validator)
        base.check_schema(schema)
        functions = {name: check for name, check in base.VALIDATORS.items() if name not in unpatterned}
        validator_class = validators.create(base.META_SCHEMA, functions, type_checker=base.TYPE_CHECKER)
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
    certain = [error for error in errors if not _is_left_out(error, schema)]
    status: Status = "refuted" if certain else "unclear"
    return Claim(text, status, reason="; ".join(_spoken(error) for error in (certain or errors)[:_SHOWN]))


def _is_left_out(error: Any, schema: Mapping[str, Any]) -> bool:
    """Whether null is given for what need not be given at all, or may be null as OpenAPI says it."""
    if error.instance is not None:
        return False
    path, required = list(error.absolute_path), schema.get("required")
    is_optional = len(path) == 1 and not (isinstance(required, list) and path[0] in required)
    return is_optional or (isinstance(error.schema, Mapping) and error.schema.get("nullable") is True)


def _spoken(error: Any) -> str:
    place = ".".join(str(part) for part in error.absolute_path)
    return f"{place}: {error.message}" if place else str(error.message)
