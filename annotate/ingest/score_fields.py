"""Langfuse's scores as labels, in the three shapes in which its API gives them back.

Inside a trace and in lists of version 2 a score names its trace and observation itself, in version 3 its ``subject``
does; there a category or a truth value stands in ``value``, before in ``stringValue``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annotate.enums import RaterKind
from annotate.errors import Rejected
from annotate.ingest.drafts import LabelDraft, RaterDraft
from annotate.ingest.fields import Fields, clean_text
from annotate.ingest.levels import level_of
from annotate.ingest.options import ReadOptions
from annotate.ingest.voices import criterion_of

_KINDS = {"ANNOTATION": RaterKind.PERSON, "EVAL": RaterKind.JUDGE, "API": RaterKind.JUDGE}
_WORDS = ("TEXT", "CORRECTION")


def either(fields: Fields, name: str) -> Any:
    """A field in camelCase or in snake_case."""
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    return fields.raw(name) if fields.has(name) else fields.raw(snake)


def is_score(record: Mapping[str, Any]) -> bool:
    has_subject = bool({"subject", "traceId", "trace_id", "sessionId", "session_id"} & record.keys())
    has_kind = bool({"dataType", "data_type"} & record.keys())
    return has_subject and has_kind and {"name", "source"} <= record.keys()


def trace_of_score(score: Fields) -> str:
    """The trace that a score is about, or is part of. Raises Rejected for one of a session or an experiment."""
    kind, about = _subject(score)
    if kind == "trace" and about:
        return Fields({"id": about}, score.path("subject")).name("id")
    subject = score.raw("subject")
    name = (either(Fields(subject), "traceId") if isinstance(subject, dict) else None) or either(
        score, "traceId"
    )
    if not name:
        raise Rejected("says of no trace that it would be about", field=score.path("traceId"))
    return Fields({"traceId": name}, score.path("")[:-1]).name("traceId")


def labels_of_scores(
    fields: Fields, answers: Mapping[str, int | None], options: ReadOptions
) -> Iterator[LabelDraft]:
    """``answers``: the step with which the answer of each observation ends."""
    for path, entry in fields.items("scores") if fields.has("scores") else ():
        score = Fields.of(entry, path)
        name = score.name("name")
        kind, about = _subject(score)
        position = answers.get(str(about)) if kind == "observation" else None
        if kind not in ("trace", "observation") or (kind == "observation" and position is None):
            # A score of a tool's or a chain's span, or of a session: there is no step that it would be about.
            continue
        criterion = criterion_of(name, options)
        level, text = _said(score, criterion, options)
        if level is not None:
            yield LabelDraft(
                _rater(score, name),
                criterion,
                position,
                level,
                text=text,
                evidence={"observation": about} if kind == "observation" else {},
                origin=path,
                is_optional=criterion not in options.columns,
            )


def is_of_observation(score: Fields) -> bool:
    return _subject(score)[0] == "observation"


def _subject(score: Fields) -> tuple[str, Any]:
    subject = score.raw("subject")
    if isinstance(subject, dict):
        return str(subject.get("kind")), subject.get("id")
    about = either(score, "observationId")
    return ("observation", about) if about else ("trace", either(score, "traceId"))


def _said(score: Fields, criterion: str, options: ReadOptions) -> tuple[str | None, str]:
    """The level, and what was said beside it; no level where nothing was said."""
    comment = score.optional_text("comment") or ""
    given = either(score, "stringValue")
    value = given if given not in (None, "") else score.raw("value")
    kind = str(either(score, "dataType") or "").upper()
    if kind in _WORDS:
        text = clean_text(value, score.path("value"))
        return ("", "\n".join(filter(str.strip, (text, comment)))) if text.strip() else (None, "")
    if kind == "BOOLEAN" and isinstance(value, str) and value.lower() in ("true", "false"):
        value = value.lower()
    elif kind == "BOOLEAN" and value in (0, 1):
        value = bool(value)
    return level_of(value, criterion, options.values, score.path("value")), comment


def _rater(score: Fields, name: str) -> RaterDraft:
    source = str(score.raw("source") or "API").upper()
    kind = _KINDS.get(source, RaterKind.JUDGE)
    author = either(score, "authorUserId")
    who = author if kind is RaterKind.PERSON and author else f"{source.lower()}/{name}"
    return RaterDraft(f"langfuse/{who}"[:160], kind, is_simulated=False)
