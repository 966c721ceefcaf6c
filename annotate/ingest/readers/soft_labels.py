"""Stepwise supervision with probabilities: ``{"prompt", "completions", "labels"}``, numbers from 0 to 1.

A label is the probability that the step is right, as Gradus's releases and soft targets of rollouts have it. The
likelier side becomes the verdict, with both in its distribution; a half is on no side and *unsure*. Where
``is_certain`` marks a step, its 1 or 0 was written for want of a probability, and none is kept. ``labels`` may be
shorter than the steps; null is no label. Who labelled the file does not say: the labels come in as a judge's, whom
nothing takes for the truth, unless ``rater`` and ``rater_kind`` say better.
"""

from __future__ import annotations

from collections.abc import Iterator

from annotate.enums import RaterKind, Verdict
from annotate.errors import Rejected
from annotate.ingest.drafts import BadRow, LabelDraft, ProblemDraft, Row, TraceDraft, named_by_content
from annotate.ingest.fields import Fields
from annotate.ingest.label_fields import VERDICT
from annotate.ingest.options import PLAIN, RATING, ReadOptions
from annotate.ingest.records import rows_of
from annotate.ingest.sample import Sample
from annotate.ingest.source import Source
from annotate.ingest.step_fields import given_steps

RATER = "soft_labels"
SEPARATOR = "\n"
HALF = 0.5
_KNOWN = frozenset({"id", "prompt", "completions", "labels", "is_certain"})


class SoftLabelsReader:
    name = "soft_labels"
    title = "Completions with a probability of being right each"
    heeds = RATING

    def fits(self, sample: Sample) -> bool:
        labels = sample.list_of("labels")
        if not sample.has("prompt") or sample.list_of("completions", str) is None or labels is None:
            return False
        return sample.list_of("is_certain") is not None or any(isinstance(one, float) for one in labels)

    def rows(self, source: Source, options: ReadOptions = PLAIN) -> Iterator[Row | BadRow]:
        return rows_of(source, lambda fields: _trace_draft(fields, options))


def _trace_draft(fields: Fields, options: ReadOptions) -> TraceDraft:
    problem = ProblemDraft(fields.text("prompt"))
    steps = given_steps(fields, "completions", separator=SEPARATOR)
    return TraceDraft(
        external_id=fields.optional_name("id") or named_by_content("soft-labels", problem, steps),
        problem=problem,
        steps=steps,
        meta=fields.rest(_KNOWN),
        labels=tuple(_labels(fields, len(steps), options)),
    )


def _labels(fields: Fields, n_steps: int, options: ReadOptions) -> Iterator[LabelDraft]:
    entries = list(fields.items("labels"))
    if len(entries) > n_steps:
        raise Rejected(f"has {len(entries)} entries for {n_steps} steps", field="labels")
    certain = _certain(fields, len(entries))
    rater = options.rater_or(RATER, RaterKind.JUDGE)
    criterion = options.criterion or VERDICT
    for position, (path, value) in enumerate(entries):
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise Rejected("must be a number from 0 to 1, or null", field=path)
        if certain[position]:
            if value not in (0, 1):
                raise Rejected("must be 0 or 1 where is_certain says so", field=path)
            yield LabelDraft(rater, criterion, position, _side(value), origin=path)
            continue
        yield LabelDraft(
            rater,
            criterion,
            position,
            _side(value),
            origin=path,
            score=float(value),
            distribution={Verdict.GOOD.value: float(value), Verdict.BAD.value: 1 - float(value)},
        )


def _certain(fields: Fields, n_labels: int) -> list[bool]:
    """Of each label whether it stands for a decision without a probability."""
    if not fields.has("is_certain"):
        return [False] * n_labels
    said = fields.list("is_certain")
    if len(said) != n_labels or not all(isinstance(one, bool) for one in said):
        raise Rejected("must be true or false for every label", field="is_certain")
    return said


def _side(p_good: float) -> Verdict:
    if p_good == HALF:
        return Verdict.UNSURE
    return Verdict.GOOD if p_good > HALF else Verdict.BAD
