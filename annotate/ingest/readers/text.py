"""Plain text: solutions, cut into steps.

A line of five or more ``=`` stands between two traces, a line of five or more ``-`` between a problem and its
solution. A file without either is one solution, of the problem that ``problem`` says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TextIO

from annotate.errors import Rejected
from annotate.ingest.csv_records import looks_like_header
from annotate.ingest.drafts import BadRow, ProblemDraft, Row, TraceDraft, named_by_content
from annotate.ingest.fields import MAX_TEXT, clean_text
from annotate.ingest.options import CUTTING, PLAIN, ReadOptions
from annotate.ingest.sample import Sample
from annotate.ingest.source import Container, Source

_BETWEEN_TRACES = re.compile(r"={5,}[ \t]*\r?\n?")
_BEFORE_SOLUTION = re.compile(r"(?m)^-{5,}[ \t]*\r?$\n?")


class TextReader:
    name = "text"
    title = "Plain text, cut into steps"
    heeds = CUTTING | {"problem"}

    def fits(self, sample: Sample) -> bool:
        # What has rows under a header is a table, and somebody has to say of what; one that is broken is no text.
        is_table = bool(sample.record) or looks_like_header(sample.head)
        return sample.container is Container.TEXT and not is_table and bool(sample.head.strip())

    def rows(self, source: Source, options: ReadOptions = PLAIN) -> Iterator[Row | BadRow]:
        for line, text, is_whole in _texts(source.text):
            try:
                if not is_whole:
                    raise Rejected(f"has more than {2 * MAX_TEXT:,} characters", field="text")
                yield Row(line, _trace_draft(text, options))
            except Rejected as error:
                yield BadRow(line, error.field, error.reason)


def _texts(file: TextIO) -> Iterator[tuple[int, str, bool]]:
    """(line, text, whether all of it is there) of every trace that is not blank."""
    parts: list[str] = []
    begin, size = 1, 0
    number = 0
    # A line without an end is read in pieces, so that memory holds one trace and no more.
    while line := file.readline(MAX_TEXT):
        number += 1
        if _BETWEEN_TRACES.fullmatch(line):
            if "".join(parts).strip():
                yield begin, "".join(parts), size <= 2 * MAX_TEXT
            parts, size, begin = [], 0, number + 1
            continue
        size += len(line)
        if size <= 2 * MAX_TEXT:
            parts.append(line)
    if "".join(parts).strip():
        yield begin, "".join(parts), size <= 2 * MAX_TEXT


def _trace_draft(text: str, options: ReadOptions) -> TraceDraft:
    problem, solution = options.problem, text
    # What looks like such a line in a solution is one of its own where the problem is known already.
    found = None if problem else _BEFORE_SOLUTION.search(text)
    if found is not None:
        problem, solution = text[: found.start()].strip(), text[found.end() :]
    if not problem.strip():
        raise Rejected("no line of ----- divides it from the solution; say it (problem)", field="problem")
    solution = clean_text(solution.strip("\r\n"), "text")
    if not solution.strip():
        raise Rejected("is empty", field="text")
    draft = ProblemDraft(clean_text(problem, "problem"))
    steps = options.cut(solution, "text")
    return TraceDraft(named_by_content("text", draft, steps), draft, steps)
