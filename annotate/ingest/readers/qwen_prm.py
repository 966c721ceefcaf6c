"""Qwen's process reward models: a chat whose answer has ``<extra_0>`` behind every step, and a label for each.

``{"messages": [system, user, assistant], "labels": [1, 0]}``, as Gradus writes it for
https://huggingface.co/Qwen/Qwen2.5-Math-PRM-7B. What the system says is kept in the meta, the user's words are the
problem. 1 is good and 0 bad; who labelled, and what became of *neutral*, the file does not say: the labels come in as
a judge's, whom nothing takes for the truth, unless ``rater`` and ``rater_kind`` say better. The separators between
the steps are lost; a blank line, at which this model's steps are cut, is put back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from annotate.enums import RaterKind, Verdict
from annotate.errors import Rejected
from annotate.ingest.drafts import (
    BadRow,
    LabelDraft,
    ProblemDraft,
    Row,
    StepDraft,
    TraceDraft,
    named_by_content,
)
from annotate.ingest.fields import Fields
from annotate.ingest.label_fields import VERDICT
from annotate.ingest.options import PLAIN, RATING, ReadOptions
from annotate.ingest.records import rows_of
from annotate.ingest.sample import Sample
from annotate.ingest.source import Source
from annotate.ingest.step_fields import checked_steps

MARK = "<extra_0>"
RATER = "qwen_prm"
SEPARATOR = "\n\n"
# Without bool these are numbers, which is what Gradus writes.
_VERDICTS: dict[object, Verdict] = {True: Verdict.GOOD, False: Verdict.BAD}
# Of what stands behind a mark only lines without a word are a separator: a step may begin with an indent.
_BETWEEN = re.compile(r"(?:[ \t]*\r?\n)*")
_KNOWN = frozenset({"id", "messages", "labels"})
_ROLES = ("system", "user", "assistant")


class QwenPrmReader:
    name = "qwen_prm"
    title = "Qwen PRM: a chat with <extra_0> behind every step, and labels"
    heeds = RATING

    def fits(self, sample: Sample) -> bool:
        turns = sample.list_of("messages", dict) or [{}]
        answer = turns[-1].get("content")
        return isinstance(answer, str) and MARK in answer and sample.list_of("labels") is not None

    def rows(self, source: Source, options: ReadOptions = PLAIN) -> Iterator[Row | BadRow]:
        return rows_of(source, lambda fields: _trace_draft(fields, options))


def _trace_draft(fields: Fields, options: ReadOptions) -> TraceDraft:
    turns = _turns(fields)
    problem = ProblemDraft(turns["user"].text("content"))
    answer = turns["assistant"]
    steps = checked_steps(
        tuple(_steps(answer.text("content"), answer.path("content"))), answer.path("content")
    )
    system = turns["system"].optional_text("content") if "system" in turns else None
    return TraceDraft(
        external_id=fields.optional_name("id") or named_by_content("qwen-prm", problem, steps),
        problem=problem,
        steps=steps,
        meta=fields.rest(_KNOWN) | ({"system": system} if system else {}),
        labels=tuple(_labels(fields, len(steps), options)),
    )


def _turns(fields: Fields) -> dict[str, Fields]:
    """The messages by their roles. Raises Rejected unless one asks, one answers and at most one stands before."""
    turns = [Fields.of(entry, path) for path, entry in fields.items("messages")]
    roles = [turn.raw("role") for turn in turns]
    if roles not in (list(_ROLES), list(_ROLES[1:])):
        raise Rejected(
            "must be of the user and the assistant, with or without the system before", field="messages"
        )
    return dict(zip(map(str, roles), turns, strict=True))


def _steps(answer: str, path: str) -> Iterator[StepDraft]:
    *pieces, rest = answer.split(MARK)
    if not pieces:
        raise Rejected(f"holds no {MARK}", field=path)
    if rest.strip():
        raise Rejected(f"goes on after the last {MARK}", field=path)
    # What stands before the first step is the step's.
    before = ["", *(_blank_lines(piece) for piece in pieces[1:]), rest]
    for number, piece in enumerate(pieces):
        text = piece[len(before[number]) :]
        body = text.rstrip()
        if not body:
            raise Rejected(f"step {number + 1}, counted from 1, is empty", field=path)
        is_last = number + 1 == len(pieces)
        between = text[len(body) :] + before[number + 1] or ("" if is_last else SEPARATOR)
        yield StepDraft(body + between, len(between))


def _blank_lines(piece: str) -> str:
    found = _BETWEEN.match(piece)
    return found.group() if found else ""


def _labels(fields: Fields, n_steps: int, options: ReadOptions) -> Iterator[LabelDraft]:
    entries = list(fields.items("labels"))
    if len(entries) != n_steps:
        raise Rejected(f"has {len(entries)} entries for {n_steps} steps", field="labels")
    rater = options.rater_or(RATER, RaterKind.JUDGE)
    for position, (path, value) in enumerate(entries):
        if value is None:
            continue
        if not isinstance(value, bool | int) or value not in _VERDICTS:
            raise Rejected("must be 1, 0 or null", field=path)
        yield LabelDraft(rater, options.criterion or VERDICT, position, _VERDICTS[value], origin=path)
