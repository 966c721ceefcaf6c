"""What a sentence says of a table: a cell, a column that exists, a total, an extreme, a number of rows.

A claim about all rows is refuted only while the step speaks of no part of them: "the total of the three largest" is
another total. Nor is it where a row is itself a total, or where the value is what a column adds up to when it is
multiplied by another, as prices are by quantities. A claim about a cell needs one row of that name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from annotate.prelabel.checking.stated_values import UNIT, VALUE, alternatives, compare, key, sentences
from annotate.prelabel.checking.verdicts import Claim, Status
from annotate.prelabel.verifiers.table.grid import Grid

_IS = r"\s*(?:is|was|are|were|=|equals|:)\s*"
_PART = re.compile(
    r"\b(?:only|where|which|whose|that\s+(?:are|have|were)|among|exclud\w*|includ\w*|except|without|filter\w*|remain\w*|those|these"
    r"|subset|selected?|first|last|top|bottom|between|after|before|since|until|from|during|for|in|of\s+the\s+(?:two|three|four|five|six)"
    r"|two|three|four|five|six|both|combined|other|others|rest|per|each|group\w*|second|third|weighted|(?:19|20)\d\d\s+[a-z]+)\b",
    re.IGNORECASE,
)
_DOUBTFUL = re.compile(
    r"\b(?:if|would|should|could|suppose|not|n't|than|about|around|roughly|approximately|almost|over|under|least|most|change\w*"
    r"|difference|increase\w*|decrease\w*|growth|ratio|percent\w*|share|predict\w*|expect\w*|next|adjusted|updated?|new|or|let)\b"
    r"|\?|≈|~",
    re.IGNORECASE,
)
_MAKES_COLUMNS = re.compile(
    r"\b(?:new|add\w*|creat\w*|renam\w*|comput\w*|deriv\w*|no|not|missing|without|lacks?)\b", re.IGNORECASE
)
_QUOTED = re.compile(
    r"\bcolumn\s+(?:named\s+|called\s+)?[`\"“'](?P<name>[^`\"”'\n]{1,60})[`\"”']"
    r"|[`\"“](?P<other>[^`\"”\n]{1,60})[`\"”]\s+column\b",
    re.IGNORECASE,
)
_SUMMARY = re.compile(
    r"\b(?:grand|sub)?-?\s?(?:totals?|sum|average|mean|overall|all|combined)\b", re.IGNORECASE
)
_COUNT = re.compile(
    r"\b(?:table|there)\s+(?:has|have|are|contains?|lists?)\s+(?P<value>\d+)\s+(?:data\s+)?(?P<what>rows|columns|entries)\b",
    re.IGNORECASE,
)
_AGGREGATES = {
    "total": "sum",
    "sum": "sum",
    "average": "mean",
    "mean": "mean",
    **dict.fromkeys(("maximum", "highest", "largest", "greatest", "max"), "max"),
    **dict.fromkeys(("minimum", "lowest", "smallest", "min"), "min"),
}
_WORD = "|".join(_AGGREGATES)


class TableReader:
    """The patterns of one table, made once for a trace."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._labels = grid.labels()
        self._has_summary = any(
            isinstance(cell, str) and _SUMMARY.fullmatch(cell.strip()) for row in grid.rows for cell in row
        )
        # A hostile step asks the same a thousand times.
        self._columns: dict[int, list[Fraction] | None] = {}
        self._aggregates: dict[tuple[int, str], Fraction] = {}
        self._product_totals: dict[int, list[str]] = {}
        column = f"(?P<column>{alternatives(grid.columns)})"
        row = f"(?P<row>{alternatives(list(self._labels) or ['-'])})"
        self._names = re.compile(alternatives([*grid.columns, *self._labels]), re.IGNORECASE)
        self._cells = [
            re.compile(rf"\b{column}\s+(?:of|for|in)\s+(?:the\s+)?{row}{_IS}{VALUE}{UNIT}", re.IGNORECASE),
            re.compile(rf"\b{row}['’]s\s+{column}{_IS}{VALUE}{UNIT}", re.IGNORECASE),
            re.compile(rf"\b{row}\s+(?:has|had)\s+an?\s+{column}\s+of\s+{VALUE}{UNIT}", re.IGNORECASE),
        ]
        of_column = rf"(?:of\s+)?(?:the\s+|all\s+)*{column}(?:\s+(?:column|values?))?"
        self._totals = [re.compile(rf"\b(?P<word>{_WORD})\s+{of_column}{_IS}{VALUE}{UNIT}", re.IGNORECASE)]
        self._extremes = [
            re.compile(rf"\b(?P<word>{_WORD})\s+{column}{_IS}{row}\b", re.IGNORECASE),
            re.compile(rf"\b{row}\s+(?:has|had)\s+the\s+(?P<word>{_WORD})\s+{column}\b", re.IGNORECASE),
        ]

    def claims(self, text: str) -> list[Claim]:
        """Every claim of a step about the table."""
        is_partial = self._has_summary or any(
            _PART.search(self._without_names(sentence)) for sentence in sentences(text)
        )
        found: list[Claim] = []
        for sentence in sentences(text):
            is_doubtful = _DOUBTFUL.search(sentence) is not None
            for claim in self._of_sentence(sentence, is_partial):
                is_open = claim.status == "refuted" and is_doubtful
                found.append(_unclear(claim) if is_open else claim)
        return found

    def _of_sentence(self, sentence: str, is_partial: bool) -> Iterator[Claim]:
        for pattern in self._cells:
            for match in pattern.finditer(sentence):
                yield self._cell(match)
        whole = [self._total(match) for pattern in self._totals for match in pattern.finditer(sentence)]
        whole += [self._extreme(match) for pattern in self._extremes for match in pattern.finditer(sentence)]
        whole += [self._count(match) for match in _COUNT.finditer(sentence)]
        for claim in whole:
            if claim is not None:
                yield _unclear(claim) if is_partial and claim.status == "refuted" else claim
        if not _MAKES_COLUMNS.search(sentence):
            for match in _QUOTED.finditer(sentence):
                yield self._exists(match[0], match["name"] or match["other"])

    def _cell(self, match: re.Match[str]) -> Claim:
        column = self._grid.column(match["column"])
        rows = next((rows for label, rows in self._labels.items() if key(label) == key(match["row"])), [])
        if column is None or not rows:
            return Claim(match[0], "unclear")
        cells = [self._grid.rows[row][column] for row in rows]
        statuses = [compare(match["value"], cell) for cell in cells]
        shown = ", ".join(str(cell) for cell in cells[:5])
        if "supported" in statuses:
            return Claim(match[0], "supported", match["value"], shown, "the table says so")
        claim = Claim(match[0], "refuted", match["value"], shown, f"the table says {shown}")
        is_certain = statuses == ["refuted"] and not match["unit"]
        return claim if is_certain else _unclear(claim)

    def _total(self, match: re.Match[str]) -> Claim | None:
        column = self._grid.column(match["column"])
        numbers = None if column is None else self._numbers(column)
        if column is None or numbers is None:
            return None
        asked = (column, _AGGREGATES[match["word"].lower()])
        if asked not in self._aggregates:
            self._aggregates[asked] = _aggregate(asked[1], numbers)
        exact = self._aggregates[asked]
        shown = _spoken(exact)
        status = compare(match["value"], shown)
        if status == "refuted" and compare(match["value"], float(exact)) == "supported":
            status = "supported"
        claim = Claim(match[0], status, match["value"], shown, f"over all rows it is {shown}")
        if status == "refuted" and (match["unit"] or self._is_of_products(match["value"], column)):
            return _unclear(claim)
        return claim

    def _numbers(self, column: int) -> list[Fraction] | None:
        if column not in self._columns:
            self._columns[column] = self._grid.numbers(column)
        return self._columns[column]

    def _is_of_products(self, value: str, column: int) -> bool:
        """Whether a value is the column's total, every cell multiplied by that of another column."""
        numbers = self._numbers(column) or []
        if column not in self._product_totals:
            others = map(self._numbers, range(len(self._grid.columns)))
            self._product_totals[column] = [
                _spoken(sum((a * b for a, b in zip(numbers, other, strict=True)), Fraction(0)))
                for other in others
                if other is not None
            ]
        return any(compare(value, total) == "supported" for total in self._product_totals[column])

    def _extreme(self, match: re.Match[str]) -> Claim | None:
        column = self._grid.column(match["column"])
        numbers = None if column is None else self._numbers(column)
        kind = _AGGREGATES[match["word"].lower()]
        rows = next((rows for label, rows in self._labels.items() if key(label) == key(match["row"])), [])
        if numbers is None or kind not in {"max", "min"} or not rows:
            return None
        wanted = max(numbers) if kind == "max" else min(numbers)
        holders = [
            label
            for label, places in self._labels.items()
            if any(numbers[place] == wanted for place in places)
        ]
        is_right = any(numbers[row] == wanted for row in rows)
        shown = ", ".join(holders[:5])
        status: Status = "supported" if is_right else "refuted"
        return Claim(match[0], status, match["row"], shown, f"in the table it is {shown}")

    def _count(self, match: re.Match[str]) -> Claim:
        actual = len(self._grid.columns) if match["what"].lower() == "columns" else len(self._grid.rows)
        is_right = int(match["value"]) == actual
        # The line with the names may be counted, or the column that names the rows left out.
        is_near = abs(int(match["value"]) - actual) == 1
        status: Status = "supported" if is_right else "refuted"
        claim = Claim(match[0], status, match["value"], str(actual), f"it has {actual}")
        return _unclear(claim) if not is_right and is_near else claim

    def _exists(self, text: str, name: str) -> Claim:
        if any(key(column) == key(name) for column in self._grid.columns):
            return Claim(text, "supported", reason="the table has that column")
        is_part = any(key(name) in key(column) or key(column) in key(name) for column in self._grid.columns)
        claim = Claim(text, "refuted", name, ", ".join(self._grid.columns), f"the table has no column {name}")
        return _unclear(claim) if is_part else claim

    def _without_names(self, sentence: str) -> str:
        """The names of rows and columns hold such words without meaning them."""
        return self._names.sub(" ", sentence)


def _aggregate(kind: str, numbers: list[Fraction]) -> Fraction:
    if kind == "max":
        return max(numbers)
    if kind == "min":
        return min(numbers)
    total = sum(numbers, Fraction(0))
    return total / len(numbers) if kind == "mean" else total


def _spoken(number: Fraction) -> str:
    return str(number.numerator) if number.denominator == 1 else f"{float(number):.10f}".rstrip("0")


def _unclear(claim: Claim) -> Claim:
    return Claim(claim.text, "unclear", claim.found, claim.expected, "it may speak of something else")
