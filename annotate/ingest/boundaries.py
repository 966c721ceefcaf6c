"""Where a step can be cut, and a trace's steps cut anew. With trace_batch.py the only writer of steps.

What a model wrote never changes: a split or a merge moves boundaries over the same text, and the hash of the trace's
text is worked out again before anything is kept. The steps that go are retired, not deleted; where the same step comes
back, because what was split is merged or the other way round, it is the old row that does.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F
from django.utils.translation import gettext

from annotate.enums import StepKind
from annotate.errors import Conflict, Rejected
from annotate.ingest.drafts import StepDraft, content_hash
from annotate.ingest.image_entries import KEY, images_within
from annotate.ingest.splitting import Protected
from annotate.models import Step, Trace

# Ends of lines and sentences that are offered; any other place can be named.
MOST_PLACES = 200
SHOWN = 60
_LARGEST_VERSION = 32_767
# More than any trace has steps; positions go by way of there, because a database checks uniqueness row by row.
_APART = 1_000_000_000
_LINE_END = re.compile(r"\n\s*")
_SENTENCE_END = re.compile(r"[.!?][\"')\]]*[ \t]+(?=[^\s])")
# What an action calls comes at its end.
_CALLS = ("tool_calls", "tool_call", "name", "arguments")


@dataclass(frozen=True, slots=True)
class CutPlace:
    """A place in a step's text with what stands around it; ``at`` counts its characters from 0."""

    at: int
    before: str
    after: str
    is_line: bool


def cut_places(text: str) -> list[CutPlace]:
    """The ends of lines and sentences at which a step can be cut, in order; none inside display math or code."""
    protected = Protected(text)
    ends: dict[int, bool] = {found.end(): False for found in _SENTENCE_END.finditer(text)}
    ends |= {found.end(): True for found in _LINE_END.finditer(text)}
    places = (at for at in sorted(ends) if at not in protected and _is_cut(text, at))
    return [_place(text, at, is_line=ends[at]) for at, _ in zip(places, range(MOST_PLACES), strict=False)]


def place_before(text: str, words: str) -> int:
    """Where the second part begins, given the words it begins with; raises Rejected unless they are there once."""
    words = words.replace("\r\n", "\n").strip()
    if not words:
        raise Rejected(
            gettext("Choose where to cut, or give the words with which the second part begins."), field="at"
        )
    found = text.count(words)
    if found != 1:
        told = (
            gettext("These words stand in this step %(n)s times; give more of them.")
            if found
            else gettext("These words do not stand in this step.")
        )
        raise Rejected(told % {"n": found}, field="words")
    return text.index(words)


def check_cut(text: str, at: int) -> None:
    """Raises Rejected for a place that would leave a step of nothing."""
    if not 0 < at < len(text):
        raise Rejected(
            gettext("The step has %(n)s characters; cut between two of them.") % {"n": len(text)}, field="at"
        )
    if not _is_cut(text, at):
        raise Rejected(
            gettext("One part would hold nothing but white space, which nobody can judge."), field="at"
        )


def split_step(trace: Trace, step: Step, at: int, again: Sequence[Step] = ()) -> list[Step]:
    """Put two steps in the place of one; ``again`` are retired rows that may be exactly these. The trace is locked."""
    check_cut(step.text, at)
    first, second = step.text[:at], step.text[at:]
    calls = {key: value for key, value in step.meta.items() if key in _CALLS}
    rest = {key: value for key, value in step.meta.items() if key not in _CALLS}
    # An image goes where its reference stands; one without stays with the first part.
    shown = rest.get(KEY) if isinstance(rest.get(KEY), list) else []
    later = [
        one for one in images_within(shown or [], second) if one not in images_within(shown or [], first)
    ]
    if later:
        calls[KEY] = later
        rest[KEY] = [one for one in shown or [] if one not in later]
    parts = [
        Step(trace=trace, text=first, tail=len(first) - len(first.rstrip()), kind=step.kind, meta=rest),
        Step(trace=trace, text=second, tail=min(step.tail, len(second)), kind=step.kind, meta=calls),
    ]
    return _replace(trace, [step], parts, again)


def merge_steps(trace: Trace, first: Step, second: Step, again: Sequence[Step] = ()) -> list[Step]:
    """Put one step in the place of two neighbours; raises Rejected for two of different kinds. The trace is locked."""
    if first.kind != second.kind:
        names = {
            StepKind.THOUGHT: gettext("a thought"),
            StepKind.ACTION: gettext("an action"),
            StepKind.OBSERVATION: gettext("an observation"),
        }
        one, other = (names[StepKind(step.kind)] for step in (first, second))
        raise Rejected(
            gettext("Step %(n)s is %(one)s and the next one is %(other)s.")
            % {"n": first.position + 1, "one": one, "other": other},
            field="step",
        )
    whole = Step(
        trace=trace,
        text=first.text + second.text,
        tail=second.tail,
        kind=first.kind,
        meta=_joined(first.meta, second.meta),
    )
    return _replace(trace, [first, second], [whole], again)


def prefix_before(step: Step) -> str:
    """What the trace says before a step, whether it is one of now or was split or merged since."""
    if step.retired_in is None:
        return "".join(one.text for one in step.trace.steps.all() if one.position < step.position)
    act = step.trace.recuts.get(version=step.retired_in)
    start = act.start
    if act.took[0] != step.pk:
        start += len(Step.every.get(pk=act.took[0]).text)
    return step.trace.text[:start]


def _replace(trace: Trace, old: Sequence[Step], new: Sequence[Step], again: Sequence[Step]) -> list[Step]:
    """Retire ``old``, neighbours in order, and put ``new`` there; the trace gets its next version and its hashes."""
    if trace.boundary_version >= _LARGEST_VERSION:
        raise Conflict(gettext("The steps of this trace have been cut too often."))
    version, at = trace.boundary_version + 1, old[0].position
    Step.objects.filter(pk__in=[step.pk for step in old]).update(retired_in=version)
    _shift(trace, after=old[-1].position, by=len(new) - len(old))
    if [(one.text, one.tail, one.kind) for one in again] == [(one.text, one.tail, one.kind) for one in new]:
        new = list(again)
    for position, step in enumerate(new, start=at):
        step.position, step.retired_in = position, None
        step.save()
    _note(trace, version)
    return list(new)


def _shift(trace: Trace, *, after: int, by: int) -> None:
    if not by:
        return
    behind = Step.objects.filter(trace=trace, position__gt=after)
    behind.update(position=F("position") + _APART)
    Step.objects.filter(trace=trace, position__gte=_APART).update(position=F("position") - _APART + by)


def _note(trace: Trace, version: int) -> None:
    drafts = tuple(
        StepDraft(text, tail, StepKind(kind), meta)
        for text, tail, kind, meta in Step.objects.filter(trace=trace)
        .order_by("position")
        .values_list("text", "tail", "kind", "meta")
    )
    if hashlib.sha256("".join(one.text for one in drafts).encode()).hexdigest() != trace.text_hash:
        raise Conflict(
            gettext("The steps would not add up to the trace's text any more, so nothing was changed.")
        )
    trace.n_steps, trace.boundary_version = len(drafts), version
    trace.content_hash = content_hash(trace.problem.content_hash, drafts)
    trace.save(update_fields=["n_steps", "boundary_version", "content_hash"])


def _joined(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Lists under one key follow each other; of anything else that both have, the first step's stays."""
    joined = {**second, **first}
    for key in first.keys() & second.keys():
        if isinstance(first[key], list) and isinstance(second[key], list):
            joined[key] = [*first[key], *second[key]]
    return joined


def _is_cut(text: str, at: int) -> bool:
    return bool(text[:at].strip() and text[at:].strip())


def _place(text: str, at: int, *, is_line: bool) -> CutPlace:
    before, after = text[:at].rstrip(), text[at:].strip()
    return CutPlace(at, _tail_of(before), _head_of(after), is_line)


def _tail_of(text: str) -> str:
    return text if len(text) <= SHOWN else f"…{text[-SHOWN:]}"


def _head_of(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
