"""BIG-Bench Mistake: chains of thought with the first mistake in each (arXiv 2311.08516).

``{"input", "steps", "answer", "target", "mistake_index"}``; ``mistake_index`` counts from 0, and null says that there
is no mistake. Steps before it are right, those after it are not spoken of. Whether the answer is the target says how
it ended; without an answer that stays unknown.
"""

from __future__ import annotations

from collections.abc import Iterator

from annotate.enums import Outcome, RaterKind
from annotate.errors import Rejected
from annotate.ingest.drafts import BadRow, ProblemDraft, RaterDraft, Row, TraceDraft, named_by_content
from annotate.ingest.fields import Fields
from annotate.ingest.label_fields import first_error_labels
from annotate.ingest.options import PLAIN, ReadOptions
from annotate.ingest.records import rows_of
from annotate.ingest.sample import Sample
from annotate.ingest.source import Source
from annotate.ingest.step_fields import given_steps

GOLD = RaterDraft("gold/bigbench-mistake", RaterKind.GOLD, is_simulated=False)
SEPARATOR = "\n"
_KNOWN = frozenset({"input", "steps", "answer", "target", "mistake_index"})


class BigBenchMistakeReader:
    name = "bigbench_mistake"
    title = "BIG-Bench Mistake: chains of thought with their first mistake"
    heeds = frozenset[str]()

    def fits(self, sample: Sample) -> bool:
        return sample.has("input", "steps", "mistake_index")

    def rows(self, source: Source, options: ReadOptions = PLAIN) -> Iterator[Row | BadRow]:
        return rows_of(source, _trace_draft)


def _trace_draft(fields: Fields) -> TraceDraft:
    steps = given_steps(fields, separator=SEPARATOR)
    target, answer = fields.optional_text("target"), fields.optional_text("answer")
    problem = ProblemDraft(fields.text("input"), reference_answer=target)
    if "mistake_index" not in fields:
        raise Rejected("is missing", field="mistake_index")
    mistake = fields.integer("mistake_index") if fields.has("mistake_index") else None
    outcome = None
    if target is not None and answer is not None:
        outcome = Outcome.RIGHT if answer.strip() == target.strip() else Outcome.WRONG
    rest = fields.rest(_KNOWN)
    return TraceDraft(
        external_id=named_by_content("bigbench-mistake", problem, steps),
        problem=problem,
        steps=steps,
        outcome=outcome,
        meta={"answer": answer, **rest} if answer is not None else rest,
        labels=first_error_labels(GOLD, mistake, len(steps), origin="mistake_index"),
    )
