"""Which equations of a text claim to hold for every value, or to solve another one, and whether they do.

Whether an equation with variables is a claim at all is the hard part: "2x + 3 = 5x - 6" is there to be solved, "x = 5"
defines. What is checked:

- every link of a chain after its first (``f(x) = (x + 1)² = x² + 2x + 1``), where both sides have the same variables;
- the first link where the words before it announce a rewriting ("expanding gives …");
- roots without variables (``√50 = 5√2``);
- "2x + 3 = 7, so x = 2": the solution put into the equation stated just before it, in the same step.

A link may be refuted only where a side multiplies, divides or raises a sum, as rewritings do (``P = x + 2 = 3x`` is an
equation), and while nothing has been said of its variables: ``(x + 1)² = 2x + 6`` is true once ``x² = 5``. The
refutation is a point at which the two sides differ, in exact fractions wherever no root is involved.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice, pairwise

from annotate.prelabel.checking.verdicts import Claim, Status
from annotate.prelabel.verifiers.algebra.expressions import Node, NotAlgebra, Undefined, Value, parse, value
from annotate.prelabel.verifiers.algebra.notation import Token, statements

MIN_POINTS = 3
SAME, DIFFERENT = 1e-9, 1e-6
MAX_NAMES = 8
# More than any step needs; a hostile one is not worth the time.
MAX_LINKS, MAX_STATEMENTS = 20, 200

# All positive: √(x²) = x is what people mean by it.
_COORDINATES = tuple(
    Fraction(top, below)
    for top, below in ((7, 2), (11, 3), (5, 1), (13, 7), (17, 5), (2, 3), (19, 2), (3, 4))
)
_POINTS = 6
_REWRITING = re.compile(
    r"\b(?:expand|simplif|factor|combin|distribut|multiply(?:ing)? out|rewrit|foil)\w*\b[^.\n]{0,80}$",
    re.IGNORECASE,
)
_SOLVING = re.compile(r"\b(?:equat|solv|set|sides?|when|where|roots?|zeros?|satisf)\w*", re.IGNORECASE)
# "y = 2x + 3 = 6 - x": two descriptions of one thing, set equal.
_MEETING = re.compile(r"\b(?:solv|equat|equal|set|intersect|meet|both|system|same)\w*", re.IGNORECASE)
_SO = re.compile(
    r"(?:\bso\b|\bthus\b|\btherefore\b|\bhence\b|\bgives?\b|\bget\b|\byields?\b|\bfind\b|\bmeans\b|\\implies|\\Rightarrow|=>|[⇒→])"
    r"(?:\s*(?:us|that|we|get|have|,|:|\$|\\\(|\\\[|\\boxed\{|\{))*\s*$",
    re.IGNORECASE,
)
_DOUBTFUL = re.compile(
    r"\b(?:if|suppose|assum\w*|would|should|guess|try|trying|instead|not|unless|check\w*|whether|wrong|incorrect\w*|error"
    r"|mistake\w*|contradict\w*|mod|modulo|approximat\w*|about|round\w*|case|cases|otherwise|either|or|matri\w*|vectors?)\b"
    r"|\\(?:pm|mp|approx|equiv|pmod|bmod|ne|neq|vec|mathbf|begin\{[pbv]?matrix)|≈|≡|≠|±",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Known:
    """The variables of which something has been said so far."""

    names: set[str] = field(default_factory=set)

    def read(self, text: str) -> None:
        """Take note of every equation of a text."""
        for statement in islice(statements(text), MAX_STATEMENTS):
            self.take(_sides(statement))

    def take(self, sides: Sequence[Node | None]) -> None:
        for left, right in pairwise(sides):
            self._take_link(left, right)

    def _take_link(self, left: Node | None, right: Node | None) -> None:
        if left is None or right is None:
            return
        if left.sign == "name" and left.name not in right.names and right.names:
            self.names.add(left.name)
        elif _compare(left, right)[0] != "supported":
            self.names |= left.names | right.names


def claims(text: str, known: Known) -> list[Claim]:
    """The checked claims of a step; ``known`` learns what the step says of its variables."""
    found: list[Claim] = []
    open_equation: tuple[Node, Node] | None = None
    is_doubtful = _DOUBTFUL.search(text) is not None
    is_meeting = _MEETING.search(text) is not None
    for statement in islice(statements(text), MAX_STATEMENTS):
        sides = _sides(statement)
        before = text[max(0, statement[0].start - 200) : statement[0].start]
        for place, (left, right) in enumerate(pairwise(sides)):
            if left is None or right is None:
                continue
            span = _written(statement, place, text)
            claim = _identity(left, right, span, known, is_later=place > 0, before=before)
            if claim is not None and claim.status == "refuted" and is_meeting:
                claim = _doubted(claim)
            if claim is None and open_equation is not None and _SO.search(before[-80:]):
                claim = _solution(open_equation, left, right, span)
            if claim is not None:
                found.append(_doubted(claim) if is_doubtful and claim.status == "refuted" else claim)
        if len(sides) == 2 and sides[0] is not None and sides[1] is not None:
            open_equation = _equation(sides[0], sides[1], open_equation)
        known.take(sides)
    return found


def _sides(statement: Sequence[Token]) -> list[Node | None]:
    edges = [
        -1,
        *(place for place, token in enumerate(statement) if token.kind == "relation"),
        len(statement),
    ]
    if len(edges) - 2 > MAX_LINKS:
        return []
    sides = [statement[left + 1 : right] for left, right in pairwise(edges)]
    if len(sides) > 1:
        sides[0], sides[-1] = _unopened(sides[0]), _unclosed(sides[-1])
    return [_parsed(side) for side in sides]


def _parsed(tokens: Sequence[Token]) -> Node | None:
    try:
        return parse(tokens)
    except NotAlgebra:
        return None


def _unopened(tokens: Sequence[Token]) -> Sequence[Token]:
    """The first side without a bracket around the whole equation. One that is missing would be half a formula."""
    return tokens[1:] if tokens and tokens[0].kind == "open" and _depth(tokens) == 1 else tokens


def _unclosed(tokens: Sequence[Token]) -> Sequence[Token]:
    return tokens[:-1] if tokens and tokens[-1].kind == "close" and _depth(tokens) == -1 else tokens


def _depth(tokens: Sequence[Token]) -> int:
    return sum({"open": 1, "close": -1}.get(token.kind, 0) for token in tokens)


def _written(statement: Sequence[Token], link: int, text: str) -> str:
    edges = [
        -1,
        *(place for place, token in enumerate(statement) if token.kind == "relation"),
        len(statement),
    ]
    first, last = statement[edges[link] + 1], statement[edges[link + 2] - 1]
    return text[first.start : last.end].strip()


def _identity(
    left: Node, right: Node, span: str, known: Known, *, is_later: bool, before: str
) -> Claim | None:
    names = (left.names | right.names) - {"π"}
    if not names:
        return _numbers(left, right, span)
    is_announced = bool(_REWRITING.search(before[-120:])) and not _SOLVING.search(before[-120:])
    is_whole = left.names == right.names and {left.sign, right.sign} != {"name"}
    # "y = 3(y + 1)" asks for y, whatever was announced.
    if not is_whole or left.sign == "name" or not (is_later or is_announced):
        return None
    status, counterexample = _compare(left, right)
    if status == "refuted" and not is_announced and not (left.works_on_a_sum or right.works_on_a_sum):
        return None
    if status == "refuted" and (names & known.names or left.has_decimal or right.has_decimal):
        return Claim(span, "unclear", reason="it may rest on what was said of its variables")
    return Claim(span, status, reason=counterexample)


def _numbers(left: Node, right: Node, span: str) -> Claim | None:
    if not (left.has("root") or right.has("root")) or ("π" in left.names) != ("π" in right.names):
        return None
    status, counterexample = _compare(left, right)
    # "1 = √9 + 4" and "-1 = √9 - 5" try a solution.
    is_loose = left.has_decimal or right.has_decimal or left.is_plain_number
    return Claim(span, "unclear" if is_loose and status == "refuted" else status, reason=counterexample)


def _equation(left: Node, right: Node, before: tuple[Node, Node] | None) -> tuple[Node, Node] | None:
    """The equation a solution may follow: in one variable, and not a solution itself."""
    names = left.names | right.names
    if len(names) == 1 and "π" not in names and left.sign != "name":
        return (left, right)
    return before if left.sign == "name" and right.sign == "number" else None


def _solution(equation: tuple[Node, Node], left: Node, right: Node, span: str) -> Claim | None:
    names = equation[0].names | equation[1].names
    if left.sign != "name" or {left.name} != names or right.names or right.has_decimal:
        return None
    if any(side.has_decimal for side in equation):
        return None
    try:
        point = {left.name: value(right, {})}
        first, second = value(equation[0], point), value(equation[1], point)
    except Undefined:
        return None
    if _difference(first, second) <= SAME:
        return Claim(span, "supported")
    if _difference(first, second) <= DIFFERENT:
        return Claim(span, "unclear")
    return Claim(
        span, "refuted", reason=f"put into the equation before it, {_spoken(first)} is not {_spoken(second)}"
    )


def _compare(left: Node, right: Node) -> tuple[Status, str]:
    """Whether two formulas agree wherever both are defined, and a point where they do not."""
    names = sorted((left.names | right.names) - {"π"})
    if len(names) > MAX_NAMES:
        return "unclear", "it has too many variables"
    pairs = [(point, *both) for point in _points(names) if (both := _values(left, right, point)) is not None]
    if len(pairs) < (MIN_POINTS if names else 1):
        return "unclear", "it is defined at too few points"
    differences = [_difference(first, second) for _, first, second in pairs]
    if max(differences) <= SAME:
        return "supported", ""
    if min(differences) <= DIFFERENT:
        return "unclear", "it holds for some values only" if names else "the two sides are too close to tell"
    point, first, second = pairs[0]
    where = ", ".join(f"{name} = {number}" for name, number in point.items())
    return (
        "refuted",
        f"{f'at {where} ' if where else ''}the left side is {_spoken(first)}, the right {_spoken(second)}",
    )


def _points(names: Sequence[str]) -> Iterable[dict[str, Fraction]]:
    for number in range(_POINTS if names else 1):
        yield {
            name: _COORDINATES[(place + number) % len(_COORDINATES)] + number
            for place, name in enumerate(names)
        }


def _values(left: Node, right: Node, point: dict[str, Fraction]) -> tuple[Value, Value] | None:
    try:
        return value(left, point), value(right, point)
    except Undefined:
        return None


def _difference(first: Value, second: Value) -> float:
    """Relative; 0 exactly where two fractions are equal, and never 0 where they are not."""
    if isinstance(first, Fraction) and isinstance(second, Fraction):
        return 0.0 if first == second else 1.0
    difference = abs(float(first) - float(second))
    relative = difference / max(abs(float(first)), abs(float(second)), 1e-12)
    # Where terms cancel, rounding leaves next to nothing on both sides: neither the same nor another value.
    return relative if difference > SAME else min(relative, DIFFERENT)


def _doubted(claim: Claim) -> Claim:
    return Claim(claim.text, "unclear", reason="its words leave another reading open")


def _spoken(number: Value) -> str:
    return f"{number:.6g}" if isinstance(number, float) else str(number)
