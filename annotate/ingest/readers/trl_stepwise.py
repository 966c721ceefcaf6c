"""TRL's stepwise supervision: ``{"prompt", "completions", "labels"}``, a truth value for each step.

``labels`` may be shorter where steps after an error were cut off; null is no label. true is good and false bad: whoever
wrote the file has made two of three, and what they did with *neutral* it does not say. Nor does it say who labelled:
the labels come in as a judge's, whom nothing takes for the truth, unless ``rater`` and ``rater_kind`` say better.
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

RATER = "trl_stepwise"
SEPARATOR = "\n"
_KNOWN = frozenset({"id", "prompt", "completions", "labels"})
# Without bool these are numbers, which some writers give instead.
_VERDICTS: dict[object, Verdict] = {True: Verdict.GOOD, False: Verdict.BAD}


class TrlStepwiseReader:
    name = "trl_stepwise"
    title = "TRL: completions with a truth value each"
    heeds = RATING

    def fits(self, sample: Sample) -> bool:
        labels = sample.list_of("labels")
        return sample.has("prompt") and sample.list_of("completions", str) is not None and labels is not None

    def rows(self, source: Source, options: ReadOptions = PLAIN) -> Iterator[Row | BadRow]:
        return rows_of(source, lambda fields: _trace_draft(fields, options))


def _trace_draft(fields: Fields, options: ReadOptions) -> TraceDraft:
    problem = ProblemDraft(fields.text("prompt"))
    steps = given_steps(fields, "completions", separator=SEPARATOR)
    return TraceDraft(
        external_id=fields.optional_name("id") or named_by_content("trl-stepwise", problem, steps),
        problem=problem,
        steps=steps,
        meta=fields.rest(_KNOWN),
        labels=tuple(_labels(fields, len(steps), options)),
    )


def _labels(fields: Fields, n_steps: int, options: ReadOptions) -> Iterator[LabelDraft]:
    entries = list(fields.items("labels"))
    if len(entries) > n_steps:
        raise Rejected(f"has {len(entries)} entries for {n_steps} steps", field="labels")
    rater = options.rater_or(RATER, RaterKind.JUDGE)
    for position, (path, value) in enumerate(entries):
        if value is None:
            continue
        if not isinstance(value, bool | int) or value not in _VERDICTS:
            raise Rejected("must be true, false or null", field=path)
        yield LabelDraft(rater, options.criterion or VERDICT, position, _VERDICTS[value], origin=path)
