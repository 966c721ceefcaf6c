"""Conversations and tool trajectories: ``{"messages": [...], "tools": [...]}``, as chat APIs and trainers write them.

Also ``conversations`` of ``from`` and ``value``. How messages become steps says conversation.py; other fields of the
row are kept in the trace's meta. Images come as data URIs in a message's parts, or by address.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from annotate.enums import Outcome
from annotate.ingest.conversation import conversation_of
from annotate.ingest.drafts import BadRow, ProblemDraft, Row, TraceDraft, named_by_content
from annotate.ingest.fields import Fields, check_plain, one_of
from annotate.ingest.message_fields import messages_in
from annotate.ingest.options import CUTTING, PLAIN, ReadOptions
from annotate.ingest.records import rows_of
from annotate.ingest.sample import Sample
from annotate.ingest.source import Source

_LISTS = ("messages", "conversations", "conversation", "trajectory", "traj")
_KNOWN = frozenset({"id", "tools", "model", "outcome", "reference_answer", "meta"})


class OpenAiMessagesReader:
    name = "openai_messages"
    title = "Messages: conversations and tool trajectories"
    heeds = CUTTING | {"problem"}

    def fits(self, sample: Sample) -> bool:
        name = next((name for name in _LISTS if sample.has(name)), "")
        turns = sample.list_of(name, dict)
        return bool(turns) and all("role" in turn or "from" in turn for turn in turns or ())

    def rows(self, source: Source, options: ReadOptions = PLAIN) -> Iterator[Row | BadRow]:
        return rows_of(source, lambda fields: _trace_draft(fields, options))


def _trace_draft(fields: Fields, options: ReadOptions) -> TraceDraft:
    name = next((name for name in _LISTS if fields.has(name)), _LISTS[0])
    album = options.album()
    conversation = conversation_of(messages_in(fields, name, album), name, options)
    problem = ProblemDraft(
        conversation.problem,
        reference_answer=fields.optional_text("reference_answer"),
        meta=conversation.problem_meta(),
    )
    return TraceDraft(
        external_id=_id(fields) or named_by_content("messages", problem, conversation.steps),
        problem=problem,
        steps=conversation.steps,
        source_model=fields.optional_name("model"),
        outcome=one_of(fields.raw("outcome"), Outcome, "outcome") if fields.has("outcome") else None,
        meta=fields.meta("meta") | fields.rest(_KNOWN | {name}) | _tools(fields) | conversation.meta(),
        images=tuple(album.drafts.values()),
        flaws=tuple(album.flaws),
    )


def _id(fields: Fields) -> str:
    """Numbers are ids as well."""
    given = fields.raw("id")
    return (
        str(given) if isinstance(given, int) and not isinstance(given, bool) else fields.optional_name("id")
    )


def _tools(fields: Fields) -> dict[str, Any]:
    if not fields.has("tools"):
        return {}
    tools = [Fields.of(tool, path).rest(frozenset()) for path, tool in fields.items("tools")]
    check_plain(tools, "tools")
    return {"tools": tools}
