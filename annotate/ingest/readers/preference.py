"""Preference pairs: ``{"prompt", "chosen", "rejected"}``, as texts or as messages, as TRL's preference trainers read
them.

Each side becomes a trace of the prompt, known by its content, since rows share answers: of three answers each may stand
in two rows. The two are a pair, which the row's ``id`` names. Where the rubric asks about pairs (``preference``), which
one was chosen is a label; who chose, the file does not say: it comes in as a judge's unless ``rater`` says better.
Without a prompt the two sides begin with the same messages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from annotate.enums import RaterKind
from annotate.errors import Rejected
from annotate.ingest.album import Album
from annotate.ingest.conversation import Conversation, conversation_of
from annotate.ingest.drafts import (
    BadRow,
    LabelDraft,
    PairDraft,
    ProblemDraft,
    Row,
    StepDraft,
    TraceDraft,
    named_by_content,
)
from annotate.ingest.fields import Fields
from annotate.ingest.message_fields import Message, messages_in
from annotate.ingest.options import CUTTING, PLAIN, RATING, ReadOptions
from annotate.ingest.records import rows_of
from annotate.ingest.sample import Sample
from annotate.ingest.source import Source

RATER = "preference data"
PREFERENCE = "preference"
_KNOWN = frozenset({"id", "prompt", "chosen", "rejected"})


class PreferenceReader:
    name = "preference"
    title = "Preferences: a prompt with a chosen and a rejected answer"
    heeds = CUTTING | RATING

    def fits(self, sample: Sample) -> bool:
        return sample.has("chosen", "rejected")

    def rows(self, source: Source, options: ReadOptions = PLAIN) -> Iterator[Row | BadRow]:
        return rows_of(source, lambda fields: _pair_draft(fields, options))


def _pair_draft(fields: Fields, options: ReadOptions) -> PairDraft:
    first, second = _side(fields, "chosen", options), _side(fields, "rejected", options)
    if first.problem != second.problem:
        raise Rejected("the two sides do not begin with the same messages", field="rejected")
    return PairDraft(
        first,
        second,
        LabelDraft(
            options.rater_or(RATER, RaterKind.JUDGE),
            options.criterion or PREFERENCE,
            None,
            "left",
            origin="chosen",
            is_optional=not options.criterion,
        ),
        fields.optional_name("id"),
    )


def _side(fields: Fields, name: str, options: ReadOptions) -> TraceDraft:
    album = options.album()
    rest = fields.rest(_KNOWN)
    if isinstance(fields.raw(name), str):
        if not isinstance(fields.raw("prompt"), str):
            raise Rejected("must be a text, like the answers", field="prompt")
        return _trace(ProblemDraft(fields.text("prompt")), options.cut(fields.text(name), name), rest)
    asked = _prompt(fields, album)
    conversation = conversation_of([*asked, *messages_in(fields, name, album)], name, options)
    return _trace(_problem(conversation), conversation.steps, rest | conversation.meta(), album)


def _prompt(fields: Fields, album: Album) -> Sequence[Message]:
    if not fields.has("prompt"):
        return ()
    if isinstance(fields.raw("prompt"), str):
        turn = {"role": "user", "content": fields.text("prompt")}
        return messages_in(Fields({"prompt": [turn]}), "prompt", album)
    return messages_in(fields, "prompt", album)


def _problem(conversation: Conversation) -> ProblemDraft:
    return ProblemDraft(conversation.problem, meta=conversation.problem_meta())


def _trace(
    problem: ProblemDraft,
    steps: tuple[StepDraft, ...],
    meta: dict[str, Any],
    album: Album | None = None,
) -> TraceDraft:
    return TraceDraft(
        external_id=named_by_content("preference", problem, steps),
        problem=problem,
        steps=steps,
        meta=meta,
        images=tuple(album.drafts.values()) if album else (),
        flaws=tuple(album.flaws) if album else (),
    )
