"""PRM800K, both phases: solutions with a rating per step by one labeler (arXiv 2305.20050).

In phase 1 the labeler walked from step to step, choosing one of several proposals or writing their own; the trace is
that walk. In phase 2 a finished solution was rated up to its first error; the trace is the whole solution
(``pre_generated_steps``), so that several labelers of one solution meet on one trace. What was proposed and not
taken is kept, with its ratings, in the steps' meta, and so is the place among the proposals at which the step that was
taken stood; their text alone becomes an alternative that others may rate.

Ratings 1, 0, -1 become good, neutral, bad; null becomes no label. ``total_time`` is the time for all of it, and
stays with the labelling in the trace's meta: dividing it by the steps would invent data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from annotate.enums import CandidateKind, RaterKind, Verdict
from annotate.errors import Rejected
from annotate.ingest.drafts import (
    BadRow,
    CandidateDraft,
    LabelDraft,
    ProblemDraft,
    RaterDraft,
    Row,
    StepDraft,
    TraceDraft,
    named_by_content,
)
from annotate.ingest.fields import Fields, check_plain, clean_text
from annotate.ingest.label_fields import VERDICT
from annotate.ingest.options import PLAIN, ReadOptions
from annotate.ingest.records import rows_of
from annotate.ingest.sample import Sample
from annotate.ingest.source import Source

VERDICT_OF_RATING = {1: Verdict.GOOD, 0: Verdict.NEUTRAL, -1: Verdict.BAD}
# The model that wrote these solutions ended every step with a line feed.
SEPARATOR = "\n"
_LABELLING_FIELDS = (
    "timestamp",
    "generation",
    "is_quality_control_question",
    "is_initial_screening_question",
)
_ORIGIN_FIELDS = ("pre_generated_answer", "pre_generated_verifier_score")


class Prm800kReader:
    name = "prm800k"
    title = "PRM800K: solutions rated step by step"
    heeds = frozenset[str]()

    def fits(self, sample: Sample) -> bool:
        label = sample.value("label")
        return sample.has("labeler", "question", "label") and isinstance(label, dict) and "steps" in label

    def rows(self, source: Source, options: ReadOptions = PLAIN) -> Iterator[Row | BadRow]:
        return rows_of(source, _trace_draft)


@dataclass(frozen=True, slots=True)
class _Rated:
    """One step as a labeler met it: the text on the trace, its rating, and the proposals beside it.

    ``place`` is its own among them all. ``is_chosen``: the labeler took it, rather than stop there.
    """

    text: str
    rating: object
    is_flagged: bool
    is_human: bool
    others: tuple[Any, ...]
    origin: str
    place: int = 0
    is_chosen: bool = True
    source: str = ""

    def meta(self) -> dict[str, Any]:
        """What is as it mostly is stays unsaid."""
        kept: dict[str, Any] = {"alternatives": list(self.others)} if self.others else {}
        kept |= {"place": self.place} if self.place else {}
        kept |= {} if self.is_chosen else {"is_chosen": False}
        kept |= {"is_human": True} if self.is_human else {}
        return kept | ({"source": self.source} if self.source else {})


def _trace_draft(fields: Fields) -> TraceDraft:
    labeler = fields.name("labeler")
    question, label = fields.fields("question"), fields.fields("label")
    problem = ProblemDraft(
        text=question.text("problem"),
        reference_answer=question.optional_text("ground_truth_answer"),
        reference_solution=question.optional_text("ground_truth_solution"),
    )
    turns = [Fields.of(entry, path) for path, entry in label.items("steps")]
    whole = _whole_solution(question)
    rated = _along(whole, turns)
    unchosen: tuple[Any, ...] = ()
    if rated is None:
        whole = []
        rated, unchosen = _walk(turns)
    steps = _steps(rated, whole, labeler)
    return TraceDraft(
        external_id=named_by_content("prm800k", problem, steps),
        problem=problem,
        steps=steps,
        meta={"prm800k": {"labellings": {labeler: _labelling(fields, label, unchosen)}, **_origin(question)}},
        candidates=tuple(_candidates(rated)),
        labels=tuple(_labels(rated, RaterDraft(f"prm800k/{labeler}", RaterKind.PERSON, is_simulated=False))),
    )


def _whole_solution(question: Fields) -> list[str]:
    if not question.has("pre_generated_steps"):
        return []
    return [_text(entry, path) for path, entry in question.items("pre_generated_steps")]


def _along(whole: list[str], turns: list[Fields]) -> list[_Rated] | None:
    """The ratings of a finished solution's own steps; None when the turns do not follow it."""
    if not whole or len(turns) > len(whole):
        return None
    rated = []
    for turn, text in zip(turns, whole, strict=False):
        proposals = _proposals(turn)
        place = next((i for i, proposal in enumerate(proposals) if proposal.raw("text") == text), None)
        if place is None:
            return None
        rated.append(_chosen(turn, proposals, place))
    return rated


def _walk(turns: list[Fields]) -> tuple[list[_Rated], tuple[Any, ...]]:
    """The steps the labeler took, and the proposals of a last turn in which they took none."""
    rated: list[_Rated] = []
    for number, turn in enumerate(turns):
        proposals = _proposals(turn)
        if turn.has("chosen_completion"):
            place = turn.integer("chosen_completion")
            if not 0 <= place < len(proposals):
                raise Rejected("names no completion", field=turn.path("chosen_completion"))
            rated.append(_chosen(turn, proposals, place))
        elif turn.has("human_completion"):
            rated.append(_written(turn, proposals))
        elif number == len(turns) - 1:
            return rated, _plain(proposals)
        else:
            raise Rejected("no step was chosen, but more follow", field=turn.path("chosen_completion"))
    return rated, ()


def _proposals(turn: Fields) -> list[Fields]:
    if not turn.has("completions"):
        return []
    return [Fields.of(entry, path) for path, entry in turn.items("completions")]


def _chosen(turn: Fields, proposals: list[Fields], place: int) -> _Rated:
    chosen = proposals[place]
    others = [proposal for number, proposal in enumerate(proposals) if number != place]
    rated = _rated(chosen, _plain(others), turn.path(f"completions[{place}]"), is_human=False)
    return replace(rated, place=place, is_chosen=turn.raw("chosen_completion") is not None)


def _written(turn: Fields, proposals: list[Fields]) -> _Rated:
    written = turn.fields("human_completion")
    rated = _rated(written, _plain(proposals), turn.path("human_completion"), is_human=True)
    return replace(rated, source=written.optional_text("source") or "")


def _rated(chosen: Fields, others: tuple[Any, ...], origin: str, *, is_human: bool) -> _Rated:
    return _Rated(
        text=_text(chosen.raw("text"), chosen.path("text")),
        rating=chosen.raw("rating"),
        is_flagged=chosen.flag("flagged") or False,
        is_human=is_human,
        others=others,
        origin=origin,
    )


def _plain(proposals: list[Fields]) -> tuple[Any, ...]:
    kept = []
    for proposal in proposals:
        entry = {name: proposal.raw(name) for name in ("text", "rating", "flagged")}
        check_plain(entry, proposal.path(""))
        kept.append(entry)
    return tuple(kept)


def _steps(rated: list[_Rated], whole: list[str], labeler: str) -> tuple[StepDraft, ...]:
    texts = whole or [step.text for step in rated]
    if not texts:
        raise Rejected("holds no step that was taken", field="label.steps")
    metas = [step.meta() for step in rated] + [{}] * (len(texts) - len(rated))
    ends = [SEPARATOR] * (len(texts) - 1) + [""]
    return tuple(
        StepDraft(text + end, tail=len(end), meta={"prm800k": {labeler: meta}} if meta else {})
        for text, meta, end in zip(texts, metas, ends, strict=True)
    )


def _labels(rated: list[_Rated], rater: RaterDraft) -> Iterator[LabelDraft]:
    for position, step in enumerate(rated):
        if step.rating is None:
            continue
        if (
            isinstance(step.rating, bool)
            or not isinstance(step.rating, int)
            or step.rating not in VERDICT_OF_RATING
        ):
            raise Rejected("must be -1, 0, 1 or null", field=f"{step.origin}.rating")
        yield LabelDraft(
            rater,
            VERDICT,
            position,
            VERDICT_OF_RATING[step.rating],
            evidence={"is_flagged": True} if step.is_flagged else {},
            origin=step.origin,
        )


def _candidates(rated: list[_Rated]) -> Iterator[CandidateDraft]:
    """What was proposed beside the step that was taken, without its ratings: those are this labeler's, in the meta."""
    for position, step in enumerate(rated):
        for other in step.others:
            text = other["text"]
            if isinstance(text, str) and text.strip():
                yield CandidateDraft(position, CandidateKind.ALTERNATIVE, text)


def _labelling(fields: Fields, label: Fields, unchosen: tuple[Any, ...]) -> dict[str, Any]:
    kept = {name: fields.raw(name) for name in _LABELLING_FIELDS if fields.has(name)}
    kept |= {name: label.raw(name) for name in ("total_time", "finish_reason") if label.has(name)}
    if unchosen:
        kept["unchosen"] = list(unchosen)
    check_plain(kept, "label")
    return kept


def _origin(question: Fields) -> dict[str, Any]:
    kept = {name: question.raw(name) for name in _ORIGIN_FIELDS if question.has(name)}
    check_plain(kept, "question")
    return kept


def _text(value: object, path: str) -> str:
    text = clean_text(value, path)
    if not text.strip():
        raise Rejected("is empty", field=path)
    return text
