"""AgentProcessBench: agents' trajectories with a label for each action, and files of judges about them.

A trajectory holds ``messages``, ``tools`` and, from people who settled it, ``step_labels`` and ``final_label``; a
judge's row holds the labels, their explanations and the trajectory's ``record_id`` alone. **Labels are named by the
number of the message** in the conversation, the system's and the user's counted, and not by a count of steps. 1, 0
and −1 are good, neutral and bad; for the final result done, unclear and not done (the criterion ``result``; left out
where a rubric does not ask it). null is no label. A judge whose answer failed (``comment``) has said nothing, and its
final 0 is none either: the row is refused and says why. So is one that contradicts what a judge of its name has said:
that may be another, until ``rater`` says who it is.
"""

from __future__ import annotations

from collections.abc import Iterator

from annotate.enums import RaterKind, Verdict
from annotate.errors import Rejected
from annotate.ingest.conversation import Conversation, conversation_of
from annotate.ingest.drafts import (
    BadRow,
    Draft,
    LabelDraft,
    LabelSheet,
    ProblemDraft,
    RaterDraft,
    Row,
    TraceDraft,
)
from annotate.ingest.fields import Fields
from annotate.ingest.label_fields import VERDICT
from annotate.ingest.message_fields import messages_in
from annotate.ingest.options import PLAIN, ReadOptions
from annotate.ingest.records import rows_of
from annotate.ingest.sample import Sample
from annotate.ingest.source import Source

GOLD = "gold/agentprocessbench"
RESULT = "result"
FAILED = "llm_annotate_failed"
_VERDICTS = {1: Verdict.GOOD, 0: Verdict.NEUTRAL, -1: Verdict.BAD}
_RESULTS = {1: "success", 0: "unclear", -1: "failure"}
_LABELS = frozenset({"step_labels", "final_label"})
_KNOWN = _LABELS | {"messages", "tools", "record_id"}


class AgentProcessBenchReader:
    name = "agentprocessbench"
    title = "AgentProcessBench: agents' actions with labels, and judges' files"
    heeds = frozenset({"split", "split_tag", "rater", "rater_kind"})

    def fits(self, sample: Sample) -> bool:
        return sample.has("step_labels", "data_source", "query_index", "sample_index")

    def rows(self, source: Source, options: ReadOptions = PLAIN) -> Iterator[Row | BadRow]:
        return rows_of(source, lambda fields: _draft(fields, options))


def _draft(fields: Fields, options: ReadOptions) -> Draft:
    name = _id(fields)
    if not fields.has("messages"):
        # Published files of one model with and without thinking name the same annotator and differ in nothing else.
        return LabelSheet(name, _sheet(fields, options), by_message=True, may_revise=bool(options.rater))
    album = options.album()
    conversation = conversation_of(messages_in(fields, "messages", album), "messages", options)
    meta = fields.rest(_KNOWN) | conversation.meta()
    if fields.has("tools"):
        meta |= {"tools": [Fields.of(tool, path).rest(frozenset()) for path, tool in fields.items("tools")]}
    return TraceDraft(
        external_id=name,
        problem=ProblemDraft(
            conversation.problem,
            meta=conversation.problem_meta(),
        ),
        steps=conversation.steps,
        meta=meta,
        labels=_gold(fields, conversation, options),
        images=tuple(album.drafts.values()),
        flaws=tuple(album.flaws),
    )


def _id(fields: Fields) -> str:
    if fields.has("record_id"):
        return fields.name("record_id")
    return f"{fields.name('data_source')}:{fields.integer('query_index')}:{fields.integer('sample_index')}"


def _gold(fields: Fields, conversation: Conversation, options: ReadOptions) -> tuple[LabelDraft, ...]:
    rater = options.rater_or(GOLD, RaterKind.GOLD)
    labels = []
    for message, verdict in _verdicts(fields):
        position = conversation.position_of(message)
        path = f"step_labels.{message}"
        if position is None:
            raise Rejected(f"there is no step of message {message}", field=path)
        labels.append(LabelDraft(rater, VERDICT, position, verdict, origin=path))
    return (*labels, *_result(fields, rater))


def _sheet(fields: Fields, options: ReadOptions) -> tuple[LabelDraft, ...]:
    comment = fields.optional_text("comment") or ""
    if comment.startswith(FAILED):
        raise Rejected(f"the judge gave no answer: {comment.partition(chr(10))[0][:120]}", field="comment")
    said = fields.fields("explanations") if fields.has("explanations") else Fields({})
    reasons = said.fields("steps") if said.has("steps") else Fields({}, "explanations.steps")
    rater = options.rater_or(fields.name("annotator"), RaterKind.JUDGE)
    labels = [
        LabelDraft(
            rater,
            VERDICT,
            message,
            verdict,
            text=reasons.optional_text(str(message)) or "",
            origin=f"step_labels.{message}",
        )
        for message, verdict in _verdicts(fields)
    ]
    return (*labels, *_result(fields, rater, said.optional_text("final") or ""))


def _verdicts(fields: Fields) -> Iterator[tuple[int, Verdict]]:
    """(message, verdict) of every label that says something."""
    given = fields.fields("step_labels")
    for key, value in given.items_of():
        if not (key.isascii() and key.isdigit()) or len(key) > 9:
            raise Rejected("must be the number of a message", field=given.path(key[:60]))
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or value not in _VERDICTS:
            raise Rejected("must be 1, 0, -1 or null", field=given.path(key))
        yield int(key), _VERDICTS[int(value)]


def _result(fields: Fields, rater: RaterDraft, text: str = "") -> Iterator[LabelDraft]:
    value = fields.raw("final_label")
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or value not in _RESULTS:
        raise Rejected("must be 1, 0, -1 or null", field="final_label")
    yield LabelDraft(
        rater, RESULT, None, _RESULTS[int(value)], text=text, origin="final_label", is_optional=True
    )
