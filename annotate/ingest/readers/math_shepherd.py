"""Math-Shepherd: solutions whose steps are marked by rollouts (arXiv 2312.08935).

``{"input", "label", "task"}``: both texts are the question, then "Step 1: …" and so on; ``input`` ends every step with
``ки``, ``label`` has ``+`` or ``-`` in its place. A ``+`` says that the right answer can still be reached from there.
That is a rollout's word, and answers *recoverable*, not whether the step is right. A mark inside the question, a text
that does not align, or steps that cannot be told from the question refuse the row.
"""

from __future__ import annotations

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
from annotate.ingest.first_step import told_apart
from annotate.ingest.label_fields import RECOVERABLE
from annotate.ingest.options import PLAIN, RATING, ReadOptions
from annotate.ingest.records import rows_of
from annotate.ingest.sample import Sample
from annotate.ingest.source import Source
from annotate.ingest.step_fields import checked_steps

MARK = "ки"
RATER = "rollout/math-shepherd"
_VERDICTS = {"+": Verdict.GOOD, "-": Verdict.BAD}
_KNOWN = frozenset({"input", "label", "task"})


class MathShepherdReader:
    name = "math_shepherd"
    title = "Math-Shepherd: steps marked + or - by rollouts"
    heeds = RATING

    def fits(self, sample: Sample) -> bool:
        text = sample.value("input")
        return sample.has("input", "label") and isinstance(text, str) and MARK in text

    def rows(self, source: Source, options: ReadOptions = PLAIN) -> Iterator[Row | BadRow]:
        return rows_of(source, lambda fields: _trace_draft(fields, options))


def _trace_draft(fields: Fields, options: ReadOptions) -> TraceDraft:
    text, marked = fields.text("input"), fields.text("label")
    pieces = text.split(MARK)
    if len(pieces) == 1:
        raise Rejected(f"holds no {MARK}", field="input")
    if pieces.pop().strip():
        raise Rejected(f"goes on after the last {MARK}", field="input")
    problem_text, first = told_apart(pieces[0], "input", f"before the first {MARK}")
    marks = _marks(pieces, marked)
    problem = ProblemDraft(problem_text)
    pieces[0] = first
    steps = checked_steps(tuple(_steps(pieces)), "input")
    rater = options.rater_or(RATER, RaterKind.ROLLOUT)
    rest = fields.rest(_KNOWN)
    return TraceDraft(
        external_id=named_by_content("math-shepherd", problem, steps),
        problem=problem,
        steps=steps,
        meta={"task": fields.name("task")} | rest if fields.has("task") else rest,
        labels=tuple(
            LabelDraft(rater, options.criterion or RECOVERABLE, position, _VERDICTS[mark], origin="label")
            for position, mark in enumerate(marks)
        ),
    )


def _marks(pieces: list[str], marked: str) -> list[str]:
    """The mark behind every piece, once the two texts are found to be one."""
    marks = []
    position = 0
    for number, piece in enumerate(pieces):
        end = position + len(piece)
        if marked[position:end] != piece:
            raise Rejected(f"differs from input in step {number + 1}, counted from 1", field="label")
        mark = marked[end : end + 1]
        if mark not in _VERDICTS:
            raise Rejected(f"step {number + 1}, counted from 1, has no + or - behind it", field="label")
        marks.append(mark)
        position = end + 1
    if marked[position:].strip():
        raise Rejected("goes on after the last mark", field="label")
    return marks


def _steps(pieces: list[str]) -> Iterator[StepDraft]:
    """Without the marks and the space before each, which no model wrote; other white space ends the step before it."""
    for number, piece in enumerate(pieces):
        body = piece.strip()
        if not body:
            raise Rejected(f"step {number + 1}, counted from 1, is empty", field="input")
        following = pieces[number + 1] if number + 1 < len(pieces) else ""
        between = piece[len(piece.rstrip()) :].removesuffix(" ") + following[: _indent(following)]
        between = between or ("\n" if following else "")
        yield StepDraft(body + between, tail=len(between))


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())
