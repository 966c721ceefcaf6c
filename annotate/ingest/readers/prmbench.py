"""PRMBench: solutions with errors put into known steps (arXiv 2501.03124).

``original_question, modified_question, original_process, modified_process, modified_steps, error_steps, reason, idx,
question, classification``. ``error_steps`` counts **from 1**. The trace is ``modified_process``, an answer to
``modified_question``; every step is labelled: those named are wrong, the others are right. In the class ``redundency``
(spelt so) the steps named add nothing, which is *neutral*: nothing about them is wrong. A row that names a step which
does not exist is refused.
"""

from __future__ import annotations

from collections.abc import Iterator

from annotate.enums import RaterKind, Verdict
from annotate.errors import Rejected
from annotate.ingest.drafts import BadRow, LabelDraft, ProblemDraft, RaterDraft, Row, TraceDraft
from annotate.ingest.fields import Fields, kind_of
from annotate.ingest.label_fields import VERDICT
from annotate.ingest.options import PLAIN, ReadOptions
from annotate.ingest.records import rows_of
from annotate.ingest.sample import Sample
from annotate.ingest.source import Source
from annotate.ingest.step_fields import given_steps

GOLD = RaterDraft("gold/prmbench", RaterKind.GOLD, is_simulated=False)
REDUNDANT = "redundency"
SEPARATOR = "\n"
_KNOWN = frozenset(
    {"modified_question", "modified_process", "error_steps", "idx", "classification", "ground_truth"}
)


class PrmBenchReader:
    name = "prmbench"
    title = "PRMBench: solutions with errors put in"
    heeds = frozenset[str]()

    def fits(self, sample: Sample) -> bool:
        return sample.has("modified_process", "error_steps")

    def rows(self, source: Source, options: ReadOptions = PLAIN) -> Iterator[Row | BadRow]:
        return rows_of(source, _trace_draft)


def _trace_draft(fields: Fields) -> TraceDraft:
    steps = given_steps(fields, "modified_process", separator=SEPARATOR)
    kind = fields.name("classification")
    errors = set(_errors(fields, len(steps)))
    wrong = Verdict.NEUTRAL if kind == REDUNDANT else Verdict.BAD
    return TraceDraft(
        external_id=_id(kind, fields.name("idx")),
        problem=ProblemDraft(
            fields.text("modified_question"), reference_answer=fields.optional_text("ground_truth")
        ),
        steps=steps,
        meta={"prmbench": {"classification": kind, **fields.rest(_KNOWN)}},
        labels=tuple(
            LabelDraft(
                GOLD, VERDICT, position, wrong if position in errors else Verdict.GOOD, origin="error_steps"
            )
            for position in range(len(steps))
        ),
    )


def _errors(fields: Fields, n_steps: int) -> Iterator[int]:
    """Positions from 0. Raises Rejected with the entry that names no step."""
    for path, number in fields.items("error_steps"):
        if not isinstance(number, int) or isinstance(number, bool):
            raise Rejected(f"must be a whole number, not {kind_of(number)}", field=path)
        if not 1 <= number <= n_steps:
            raise Rejected(f"names step {number}; the steps are 1 to {n_steps}", field=path)
        yield number - 1


def _id(kind: str, idx: str) -> str:
    """``idx`` comes again in every class; newer releases have the class in it."""
    return idx if idx.startswith(kind) else f"{kind}-{idx}"
