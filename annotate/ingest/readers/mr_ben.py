"""MR-Ben: solutions by models, the first wrong step in each, why it is wrong, and how it should be (arXiv 2406.13975).

One object of lists, ``{question id: [solutions]}``, or one solution per record. What reading has to mind:

- ``Model_Solution_First_Error_Step`` is a string, and names **the step as the text numbers it** ("Step 4: …"), not the
  entry of the list: an entry without a number goes on with the step before it. Entries are put together accordingly.
- Where nothing is numbered it counts entries from 1. For code, which is one text, it quotes a line.
- "N/A" stands with *correct*, where every step is right. A wrong solution whose step is empty, is no single place, or
lies outside is refused: its first error is not known.
- Reasons become critiques of the step, the corrected steps alternatives to it: two people wrote one each.

*Correct* speaks of the reasoning and not of the answer alone, so how a solution ended stays unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from annotate.enums import CandidateKind, RaterKind
from annotate.errors import Rejected
from annotate.ingest.drafts import (
    BadRow,
    CandidateDraft,
    ProblemDraft,
    RaterDraft,
    Row,
    StepDraft,
    TraceDraft,
)
from annotate.ingest.fields import Fields, clean_text
from annotate.ingest.json_records import Record, json_members
from annotate.ingest.label_fields import first_error_labels
from annotate.ingest.options import PLAIN, ReadOptions
from annotate.ingest.records import rows_from, rows_of
from annotate.ingest.sample import Sample
from annotate.ingest.source import Container, Source
from annotate.ingest.splitting import SplitMode, split_steps
from annotate.ingest.step_fields import checked_steps

GOLD = RaterDraft("gold/mr-ben", RaterKind.GOLD, is_simulated=False)
STEPS, ERROR = "Model_Solution_Steps", "Model_Solution_First_Error_Step"
CORRECTNESS = "Model_Solution_Correctness"
REASONS, RECTIFIED = "Model_Solution_Error_Reason", "Model_Solution_Rectified_First_Error_Step"
NOTHING = "N/A"
_BY_QUESTION = re.compile(r'\s*\{\s*"[^"]{1,200}"\s*:\s*\[')
_NUMBERED = re.compile(r"\s*\**Step (\d{1,4})\b")
_ENDS = re.compile(r"\s*\**(?:Solution|Answer)\b")
_KNOWN = frozenset(
    {
        *(STEPS, ERROR, CORRECTNESS, REASONS, RECTIFIED, "Question_UUID", "Question", "Options"),
        *("Ground_Truth_Answer", "Sampled_Model"),
    }
)


class MrBenReader:
    name = "mr_ben"
    title = "MR-Ben: solutions with their first error, reasons and corrections"
    heeds = frozenset[str]()

    def fits(self, sample: Sample) -> bool:
        if sample.has(STEPS, ERROR):
            return True
        return _BY_QUESTION.match(sample.head) is not None and f'"{CORRECTNESS}"' in sample.head

    def rows(self, source: Source, options: ReadOptions = PLAIN) -> Iterator[Row | BadRow]:
        if source.container is not Container.JSON or not _BY_QUESTION.match(source.head):
            yield from rows_of(source, _trace_draft)
            return
        for member in json_members(source.text, lambda key: True):
            if isinstance(member, BadRow):
                yield member
            else:
                yield from rows_from(Record(member.line, member.value), _trace_draft)


def _trace_draft(fields: Fields) -> TraceDraft:
    steps, numbers = _steps(fields)
    question, choices = fields.text("Question"), fields.optional_text("Options")
    uuid, model = fields.name("Question_UUID"), fields.name("Sampled_Model")
    error = _first_error(fields, steps, numbers)
    return TraceDraft(
        external_id=f"{uuid}:{model}",
        problem=ProblemDraft(
            f"{question}\n\n{choices.strip()}" if choices and choices.strip() else question,
            reference_answer=_answer(fields),
        ),
        steps=steps,
        source_model=model,
        meta={"mr_ben": {"correctness": fields.raw(CORRECTNESS), **fields.rest(_KNOWN)}},
        labels=first_error_labels(GOLD, error, len(steps), origin=ERROR),
        candidates=() if error is None else tuple(_candidates(fields, error)),
    )


def _answer(fields: Fields) -> str | None:
    """As it was mended, or as it came."""
    for name in ("Ground_Truth_Answer_Modified", "Ground_Truth_Answer"):
        answer = fields.optional_text(name)
        if answer and answer.strip():
            return answer
    return None


def _steps(fields: Fields) -> tuple[tuple[StepDraft, ...], list[int | None]]:
    """The steps, and the number that each bears in the text."""
    given = fields.raw(STEPS)
    if isinstance(given, str):
        steps = checked_steps(split_steps(fields.text(STEPS), SplitMode.LINES), STEPS)
        return steps, [None] * len(steps)
    groups: list[list[str]] = []
    numbers: list[int | None] = []
    entries = [clean_text(entry, path) for path, entry in fields.items(STEPS)]
    is_numbered = any(_NUMBERED.match(entry) for entry in entries)
    for entry in entries:
        found = _NUMBERED.match(entry)
        begins = found or _ENDS.match(entry) or not is_numbered
        if entry.strip() and (begins or not groups or not groups[-1]):
            groups.append([])
            numbers.append(int(found[1]) if found else None)
        if groups:
            groups[-1].append(entry)
    if not groups:
        raise Rejected("holds no step", field=STEPS)
    texts = ["\n".join(group).rstrip() for group in groups]
    blank = ["\n" * (1 + sum(not entry.strip() for entry in _trailing(group))) for group in groups]
    steps = tuple(
        StepDraft(text + (end if place < len(texts) - 1 else ""), len(end) if place < len(texts) - 1 else 0)
        for place, (text, end) in enumerate(zip(texts, blank, strict=True))
    )
    return checked_steps(steps, STEPS), numbers


def _trailing(group: list[str]) -> list[str]:
    """The empty entries at the end of a group."""
    full = max(place for place, entry in enumerate(group) if entry.strip())
    return group[full + 1 :]


def _first_error(fields: Fields, steps: tuple[StepDraft, ...], numbers: list[int | None]) -> int | None:
    """The position of the first error from 0; None where there is none."""
    correctness = fields.name(CORRECTNESS)
    if correctness not in ("correct", "incorrect"):
        raise Rejected("must be correct or incorrect", field=CORRECTNESS)
    said = fields.optional_text(ERROR) or ""
    if correctness == "correct":
        if said.strip() not in ("", NOTHING):
            raise Rejected(f"names a step, and the solution is said to be {correctness}", field=ERROR)
        return None
    if said.strip() in ("", NOTHING):
        raise Rejected("names no step, and the solution is said to be incorrect", field=ERROR)
    if not said.strip().isdecimal():
        return _quoted(fields, said, steps)
    number = int(said.strip()[:9])
    if any(one is not None for one in numbers):
        places = [place for place, one in enumerate(numbers) if one == number]
        if len(places) != 1:
            told = f"{len(places)} steps of the text bear it" if places else "no step of the text bears it"
            raise Rejected(f"names step {number}, and {told}", field=ERROR)
        return places[0]
    if not 1 <= number <= len(steps):
        raise Rejected(f"names step {number}; the steps are 1 to {len(steps)}", field=ERROR)
    return number - 1


def _quoted(fields: Fields, line: str, steps: tuple[StepDraft, ...]) -> int:
    """The step in which a quoted line stands, if it is the only such line."""
    wanted = line.strip("\n").rstrip()
    places = [
        place
        for place, step in enumerate(steps)
        for one in step.text.split("\n")
        if one.rstrip() == wanted and wanted.strip()
    ]
    if len(places) != 1:
        told = f"stands in the solution {len(places)} times" if places else "is no line of the solution"
        raise Rejected(f"quotes a line that {told}", field=ERROR)
    return places[0]


def _candidates(fields: Fields, error: int) -> Iterator[CandidateDraft]:
    for name, kind in ((REASONS, CandidateKind.CRITIQUE), (RECTIFIED, CandidateKind.ALTERNATIVE)):
        given = fields.raw(name)
        entries = [(fields.path(name), given)] if isinstance(given, str) else fields.items(name)
        for path, entry in entries if given is not None else ():
            text = clean_text(entry, path)
            if text.strip() and text.strip() != NOTHING:
                yield CandidateDraft(error, kind, text.strip())
