"""Problems known from elsewhere, which tell where one ends in a text that goes straight on with something else."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from annotate.errors import Rejected
from annotate.ingest.drafts import BadRow
from annotate.ingest.fields import Fields
from annotate.ingest.records import records
from annotate.ingest.source import Source

MOST = 1_000_000
_NAMES = ("problem", "question", "prompt", "query", "instruction")
# So many characters find the few problems of which one may be meant.
_BEGINNING = 24


class KnownProblems:
    """Some hundred bytes a problem, beside its text."""

    def __init__(self, problems: Iterable[str]) -> None:
        self._by_beginning: dict[str, set[str]] = {}
        for problem in problems:
            # White space around a problem is lost wherever something is put behind it.
            text = problem.strip()
            if text:
                self._by_beginning.setdefault(text[:_BEGINNING], set()).add(text)

    def __len__(self) -> int:
        return sum(map(len, self._by_beginning.values()))

    def first_in(self, text: str) -> str:
        """The longest with which ``text`` begins, before white space and something more; empty where there is none."""
        found = ""
        for size in range(1, _BEGINNING + 1):
            for problem in self._by_beginning.get(text[:size], ()):
                rest = text[len(problem) :]
                is_it = text.startswith(problem) and rest[:1].isspace() and bool(rest.strip())
                found = problem if is_it and len(problem) > len(found) else found
        return found


def problems_in(file: Path) -> KnownProblems:
    """Those of a table in any container, under one of the usual names. Raises Rejected with the row of what is none."""
    texts: list[str] = []
    with Source(file) as source:
        for record in records(source):
            if isinstance(record, BadRow):
                raise Rejected(f"{file.name}: {record.reason}", row=record.line, field="problems")
            try:
                texts.append(_problem(Fields.of(record.value)))
            except Rejected as error:
                reason = f"{file.name}: {error.reason}"
                raise Rejected(reason, row=record.line, field="problems") from None
            if len(texts) > MOST:
                raise Rejected(f"{file.name} holds more than {MOST:,} problems", field="problems")
    if not texts:
        raise Rejected(f"{file.name} holds no problem", field="problems")
    return KnownProblems(texts)


def _problem(row: Fields) -> str:
    name = next((name for name in _NAMES if row.has(name)), None)
    if name is None:
        raise Rejected(f"this row holds no {', '.join(_NAMES)}")
    return row.text(name)
