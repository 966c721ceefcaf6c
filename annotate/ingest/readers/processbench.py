"""ProcessBench: model solutions with the index of the earliest wrong step (arXiv 2412.06559).

A JSON list of ``{"id", "generator", "problem", "steps", "final_answer_correct", "label"}``; ``label`` counts from 0
and -1 means that no step is wrong. The key names only the *first* error, so later steps come in unlabelled rather
than bad. The published steps have lost what separated them; a blank line is put back.
"""

from __future__ import annotations

from collections.abc import Iterator

from annotate.enums import Outcome, RaterKind
from annotate.errors import Rejected
from annotate.ingest.drafts import BadRow, ProblemDraft, RaterDraft, Row, TraceDraft
from annotate.ingest.fields import Fields
from annotate.ingest.label_fields import first_error_labels
from annotate.ingest.options import PLAIN, ReadOptions
from annotate.ingest.records import rows_of
from annotate.ingest.sample import Sample
from annotate.ingest.source import Source
from annotate.ingest.step_fields import given_steps

GOLD = RaterDraft("gold/processbench", RaterKind.GOLD, is_simulated=False)
NO_ERROR = -1


class ProcessBenchReader:
    name = "processbench"
    title = "ProcessBench: solutions with their first wrong step"
    heeds = frozenset[str]()

    def fits(self, sample: Sample) -> bool:
        # Without the answer's grade a 0 or 1 may as well say whether the whole is right.
        label = sample.value("label")
        is_place = isinstance(label, int) and not isinstance(label, bool)
        return is_place and sample.has("id", "problem", "steps", "final_answer_correct")

    def rows(self, source: Source, options: ReadOptions = PLAIN) -> Iterator[Row | BadRow]:
        return rows_of(source, _trace_draft)


def _trace_draft(fields: Fields) -> TraceDraft:
    steps = given_steps(fields, separator="\n\n")
    label = fields.integer("label")
    if label < NO_ERROR:
        raise Rejected("must be a step counted from 0, or -1 for no error", field="label")
    is_right = fields.flag("final_answer_correct")
    return TraceDraft(
        external_id=fields.name("id"),
        problem=ProblemDraft(fields.text("problem")),
        steps=steps,
        # Gradus writes an empty one where nobody knows what wrote the trace.
        source_model="" if fields.raw("generator") == "" else fields.optional_name("generator"),
        outcome=None if is_right is None else (Outcome.RIGHT if is_right else Outcome.WRONG),
        labels=first_error_labels(GOLD, None if label == NO_ERROR else label, len(steps), origin="label"),
    )
