"""What an Argilla record says, in whichever of its layouts it comes.

- Nested, version 2 (``to_json``, ``to_list``): ``responses`` and ``suggestions`` by question, without a word on what
  was submitted.
- Flat, version 2 (``to_datasets``): ``QUESTION.responses`` with ``.users`` and ``.status``, ``QUESTION.suggestion``.
- Flat, version 1 (``format_as("datasets")``, what ``push_to_huggingface`` writes): under each question's name a list
  of ``user_id``, ``value``, ``status``, beside it ``QUESTION-suggestion`` and its metadata; ``metadata`` as JSON in a
  text.
- By forms: ``responses`` as a list with all that one person said in ``values``, as the records of version 1 and the
  server have them. There a suggestion may name its question by a number alone, and says nothing then.

Only the last three hold which responses were submitted, and only version 1 and the server the ranks of a ranking.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from annotate.enums import RaterKind
from annotate.errors import Rejected
from annotate.ingest.drafts import RaterDraft
from annotate.ingest.fields import Fields, one_of

_FLAT = re.compile(
    r"^(?P<question>.+)\.(?P<what>responses|suggestion)(?:\.(?P<part>users|status|score|agent))?$"
)


_SUGGESTION, _OF_SUGGESTION = "-suggestion", "-suggestion-metadata"
_FORM = {"user_id", "value", "status"}


class _Status(StrEnum):
    SUBMITTED = "submitted"
    DRAFT = "draft"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class Said:
    """One answer: to which question, whose, and where in the row it stands."""

    question: str
    rater: RaterDraft
    value: Any
    path: str
    score: Any = None


@dataclass(frozen=True, slots=True)
class Heard:
    """``body``: what the trace is made of. ``about``: the metadata, which stands at ``place``."""

    body: Fields
    about: Mapping[str, Any]
    place: str
    said: tuple[Said, ...]
    left_out: Mapping[str, int]

    def meta(self, **more: int) -> dict[str, Any]:
        """What the trace's meta keeps of what was left out; ``more`` is counted beside it."""
        found = {**self.left_out, **{name: n for name, n in more.items() if n}}
        return {"argilla": {"left_out": found}} if found else {}


@dataclass(frozen=True, slots=True)
class _Record:
    """What a record holds of answers. ``status``: of responses that have none; ``is_typed``: labels are words."""

    status: str
    is_typed: bool
    left_out: Counter[str] = field(default_factory=Counter)

    def counts(self, status: Any, path: str) -> bool:
        """Whether a response was submitted. Raises Rejected where nobody says so."""
        status = status or self.status
        if not status:
            raise Rejected(
                "does not say whether it was submitted; export with to_datasets, or say that all were"
                " (map status=submitted)",
                field=path,
            )
        said = one_of(status, _Status, path)
        if said != _Status.SUBMITTED:
            self.left_out[said.value] += 1
        return said == _Status.SUBMITTED


def hear(fields: Fields, status: str, *, is_typed: bool) -> Heard:
    """``status``: of responses that have none. ``is_typed``: labels are words. Raises Rejected with the path."""
    record = _Record(status, is_typed)
    if fields.has("fields"):
        by_forms = isinstance(fields.raw("responses"), list) or isinstance(fields.raw("suggestions"), list)
        said = tuple(_forms(fields, record) if by_forms else _nested(fields, record))
        about = fields.raw("metadata")
        told = about if isinstance(about, dict) else {}
        return Heard(_body(fields), told, "metadata", said, record.left_out)
    if questions := _questions(fields):
        said = tuple(_first_version(fields, questions, record))
        told = _metadata(fields)
        return Heard(_plain_body(fields, questions, told), told, "metadata", said, record.left_out)
    own = {name: value for name, value in fields.items_of() if not _FLAT.match(name)}
    body = Fields({name: value for name, value in own.items() if name not in ("_server_id", "status")})
    return Heard(body, dict(fields.items_of()), "", tuple(_flat(fields, record)), record.left_out)


def are_forms(value: Any) -> bool:
    """Whether these are answers to one question as version 1 has them."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, dict) and one.keys() >= _FORM for one in value)
    )


def _body(fields: Fields) -> Fields:
    """The record's fields, its metadata beside them."""
    found = dict(fields.fields("fields").items_of())
    body: dict[str, Any] = {}
    # What the server calls a record is its name where nobody has given it one.
    own = "external_id" if fields.has("external_id") else "id"
    if own in fields:
        body["id"] = fields.raw(own)
    if fields.raw("metadata"):
        body["metadata"] = fields.raw("metadata")
    return Fields({name: value for name, value in body.items() if name not in found} | found)


def _plain_body(fields: Fields, questions: frozenset[str], metadata: Mapping[str, Any]) -> Fields:
    about = {"external_id", "metadata"}
    about |= {f"{name}{end}" for name in questions for end in ("", _SUGGESTION, _OF_SUGGESTION)}
    found = {name: value for name, value in fields.items_of() if name not in about}
    body: dict[str, Any] = {"id": fields.raw("external_id")} if fields.has("external_id") else {}
    body |= {"metadata": dict(metadata)} if metadata else {}
    return Fields({name: value for name, value in body.items() if name not in found} | found)


def _questions(fields: Fields) -> frozenset[str]:
    """The questions of a flat record of version 1."""
    named = {name for name, _ in fields.items_of()}
    said = {name.removesuffix(_OF_SUGGESTION) for name in named if name.endswith(_OF_SUGGESTION)}
    return frozenset(said | {name for name, value in fields.items_of() if are_forms(value)})


def _metadata(fields: Fields) -> dict[str, Any]:
    given = fields.raw("metadata")
    if isinstance(given, str):
        try:
            given = json.loads(given or "{}")
        except (ValueError, RecursionError):
            raise Rejected("is no JSON", field="metadata") from None
    return Fields({"metadata": given}).meta("metadata")


def _forms(fields: Fields, record: _Record) -> Iterator[Said]:
    for path, given in fields.items("responses") if fields.has("responses") else ():
        form = Fields.of(given, path)
        if not form.has("values") or not record.counts(form.raw("status"), form.path("status")):
            continue
        user = _person(form.raw("user_id"), form.path("user_id"))
        values = form.fields("values")
        for question, _ in values.items_of():
            answer = values.fields(question)
            yield Said(question, user, answer.raw("value"), answer.path("value"))
    for path, given in fields.items("suggestions") if fields.has("suggestions") else ():
        suggestion = Fields.of(given, path)
        if not suggestion.has("question_name"):
            record.left_out["suggestion by number"] += 1
            continue
        agent, value = _judge(suggestion.raw("agent")), suggestion.raw("value")
        name = suggestion.name("question_name")
        yield Said(name, agent, value, suggestion.path("value"), suggestion.raw("score"))


def _first_version(fields: Fields, questions: frozenset[str], record: _Record) -> Iterator[Said]:
    for question in sorted(questions):
        for path, given in fields.items(question) if fields.has(question) else ():
            form = Fields.of(given, path)
            if form.has("value") and record.counts(form.raw("status"), form.path("status")):
                user = _person(form.raw("user_id"), form.path("user_id"))
                yield Said(question, user, form.raw("value"), form.path("value"))
        suggested = fields.raw(f"{question}{_SUGGESTION}")
        if suggested not in (None, [], {"rank": [], "value": []}):
            about = fields.raw(f"{question}{_OF_SUGGESTION}")
            told = about if isinstance(about, dict) else {}
            path = f"{question}{_SUGGESTION}"
            yield Said(question, _judge(told.get("agent")), suggested, path, told.get("score"))


def _nested(fields: Fields, record: _Record) -> Iterator[Said]:
    responses = fields.fields("responses") if fields.has("responses") else Fields({})
    for question, given in responses.items_of():
        if given is None:
            continue
        for path, entry in responses.items(question):
            response = Fields.of(entry, path)
            if record.counts(response.raw("status"), response.path("status")):
                user = _person(response.raw("user_id"), response.path("user_id"))
                yield Said(question, user, response.raw("value"), response.path("value"))
    suggestions = fields.fields("suggestions") if fields.has("suggestions") else Fields({})
    for question, given in suggestions.items_of():
        if given is None:
            continue
        suggestion = suggestions.fields(question)
        agent = _judge(suggestion.raw("agent"))
        yield Said(
            question, agent, suggestion.raw("value"), suggestion.path("value"), suggestion.raw("score")
        )


def _flat(fields: Fields, record: _Record) -> Iterator[Said]:
    for name, given in fields.items_of():
        found = _FLAT.match(name)
        if found is None or found["part"] or given is None:
            continue
        if found["what"] == "suggestion":
            if not record.is_typed and _is_number(given) and not _are_numbers(fields, found["question"]):
                record.left_out["suggestion by number"] += 1
                continue
            agent = _judge(fields.raw(f"{name}.agent"))
            yield Said(found["question"], agent, given, name, fields.raw(f"{name}.score"))
            continue
        users, status = (_listed(fields, f"{name}.{part}") for part in ("users", "status"))
        for place, (path, value) in enumerate(fields.items(name)):
            here = status[place] if place < len(status) else None
            if record.counts(here, f"{name}.status[{place}]"):
                user = users[place] if place < len(users) else None
                yield Said(found["question"], _person(user, f"{name}.users[{place}]"), value, path)


def _listed(fields: Fields, name: str) -> list[Any]:
    return fields.list(name) if fields.has(name) else []


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _are_numbers(fields: Fields, question: str) -> bool:
    """Whether people answered with numbers, as they do where a rating is asked for."""
    given = fields.raw(f"{question}.responses")
    return isinstance(given, list) and any(map(_is_number, given))


def _person(user: Any, path: str) -> RaterDraft:
    if not isinstance(user, str) or not user:
        raise Rejected("does not say whose response it is", field=path)
    return RaterDraft(f"argilla/{user}", RaterKind.PERSON, is_simulated=False)


def _judge(agent: Any) -> RaterDraft:
    return RaterDraft(f"argilla/{agent or 'suggestion'}", RaterKind.JUDGE, is_simulated=False)
