"""Find equations between numbers in a text and compare their two sides.

Built to be believed when it says *refuted*: every doubt about how a mismatch should be read (units that
convert, a multiplying word nearby, a supposition, a rounded operand) makes the equation unclear instead.

Tolerance. ``=`` wants equal values, or a right side that is the left rounded or cut at the last decimal it
shows. A whole number that stands for a fraction within 1 of it, and a difference within 1 % where any operand
is a decimal, are unclear. ``≈`` accepts rounding at the last digit shown or 1 %, and is refuted from 5 % on,
unless it is an estimate ("≈ 4 * 3", "≈ 2,000").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from annotate.prelabel.checking.verdicts import Status
from annotate.prelabel.verifiers.arithmetic.expressions import Expression, NotArithmetic, parse
from annotate.prelabel.verifiers.arithmetic.notation import DASH, Token, plain, tokens

MAX_TEXT = 20_000
ROUNDED = Fraction(1, 100)
ROUGH = Fraction(1, 20)
HALF = Fraction(1, 2)
# A result that a formula begins with is short: "15", "-2/3", "(-58)", "12 %".
_LONGEST_RESULT = 8
_THOUSANDS = re.compile(r"[1-9]\d{0,2}\.\d{3}")
_KINDEST: tuple[Status, ...] = ("supported", "unclear", "refuted")
# How many of one measure make the next, as seconds an hour and ounces a pound.
_MEASURES_IN_NEXT = frozenset(
    (7, 10, 12, 16, 24, 30, 36, 52, 60, 100, 360, 364, 365, 366, 1_760, 3_600, 5_280)
)
_SCALES = (1_000, 1_000_000, 1_000_000_000)

_DOUBTFUL = re.compile(
    r"dozens?|hundreds?|thousands?|millions?|billions?|trillions?|hal(?:f|ves)|thirds?|quarters?|twice|double|triple"
    r"|thrice|percent|pairs?|couple|score|squared?|cubed|root|remainder|rest|factorial|more|less|fewer|than|of|out"
    r"|off|discount(?:ed)?|[ap]m|o['’]clock|noon|midnight"
    r"|sum|difference|product|average|mean|by|over|and|or|from|to|between|one|two|three|four|five|six|seven|eight|nine"
)
# What a step says of a trial that failed, right after it.
_DENIED = re.compile(
    r"\b(?:not|cannot|can't|isn't|doesn't|fails?|false|untrue|incorrect|wrong|contradict\w*|impossible|invalid|extraneous)\b"
    r"|\\neq?\b|!=|[≠✗✘❌]",
    re.IGNORECASE,
)
_DENIED_WITHIN = 60
_MEASURES = re.compile(
    r"(?:second|sec|minute|min|hour|hr|day|week|month|year|inche?|in|foot|feet|ft|yard|mile|mi|cm|mm|km|m?eter|metre|kilometer"
    r"|centimeter|cent|penny|pennie|nickel|dime|dollar|gram|kg|kilogram|mg|pound|lb|ounce|oz|ton|liter|litre|ml|gallon"
    r"|quart|pint|cup|century|decade)s?"
)
_HEDGED = re.compile(
    r"if|suppose|assum(?:e|ing)|would|should|guess|try|instead|not|isn't|unless|check|claims?|whether|let"
    r"|wrong|error|incorrect(?:ly)?|mistake(?:nly)?|round(?:s|ed|ing)?|approx\w*|roughly|about|nearly|almost|nearest|estimat\w*"
)
_OTHER_ARITHMETIC = re.compile(
    r"\bmod(?:ulo|ular)?\b|\\[bp]?mod|\bbase\b|\bcongruen|\bbinary\b|\bhexadecimal\b|≡", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Equation:
    """One compared pair: what was written, the value written on the right, the value of the left."""

    text: str
    found: Fraction
    expected: Fraction
    status: Status


def is_of_other_arithmetic(text: str) -> bool:
    """Whether a text speaks of remainders or of other bases, where "5 + 9 = 2" may be true."""
    return _OTHER_ARITHMETIC.search(text) is not None


def equations(text: str, *, is_ordinary: bool = True) -> list[Equation]:
    """Every equation of the text whose two sides are numbers and of which one side holds an operation.

    Nothing is refuted unless ``is_ordinary`` and while the text names no other arithmetic.
    """
    if len(text) > MAX_TEXT:
        return []
    readable = plain(text)
    is_ordinary = is_ordinary and not is_of_other_arithmetic(text)
    found = []
    for statement in _statements(tokens(readable)):
        for equation in _chain(statement, readable):
            is_certain = is_ordinary or equation.status != "refuted"
            found.append(equation if is_certain else _unclear(equation))
    return found


def _statements(stream: Sequence[Token]) -> Iterator[list[Token]]:
    statement: list[Token] = []
    for token in stream:
        if token.kind == "break":
            # "3 + 4 = 8?" asks.
            if token.text == "?":
                statement.append(Token("poison", "?", token.start, token.end))
            yield statement
            statement = [token] if token.text == DASH else []
        else:
            statement.append(token)
    yield statement


def _chain(statement: Sequence[Token], text: str) -> Iterator[Equation]:
    """Compare each two neighbours of ``a = b = c``."""
    places = [index for index, token in enumerate(statement) if token.kind == "relation"]
    edges = [-1, *places, len(statement)]
    segments = [statement[left + 1 : right] for left, right in pairwise(edges)]
    is_hedged = any(_HEDGED.fullmatch(token.text.lower()) for token in statement)
    for place, (before, after) in zip(places, pairwise(segments), strict=True):
        is_approximate = statement[place].text == "≈"
        links = [
            link
            for reading in _without_dash(before)
            if (link := _link(reading, after, text, is_approximate, is_hedged)) is not None
        ]
        if links:
            yield min(links, key=lambda link: _KINDEST.index(link.status))


def _without_dash(segment: Sequence[Token]) -> list[Sequence[Token]]:
    """A dash at a line's start is an item of a list, or a minus."""
    if not segment or segment[0].text != DASH:
        return [segment]
    dash, *rest = segment
    return [rest, [Token("op", "-", dash.start, dash.end), *rest]]


def _link(
    before: Sequence[Token], after: Sequence[Token], text: str, is_approximate: bool, is_hedged: bool
) -> Equation | None:
    left, right = _trailing(before), _leading(after)
    if left is None or right is None or left.operators + right.operators == 0:
        return None
    start, end = before[left.start].start, after[right.end - 1].end
    status = _compared(left, right, is_approximate)
    if status == "refuted":
        is_denied = _DENIED.search(text, end, end + _DENIED_WITHIN) is not None
        is_open = is_hedged or is_denied or _is_doubtful(left, right, before[: left.start])
        if is_open or _reads_otherwise(before, left, after, right):
            status = "unclear"
    return Equation(text[start:end].strip(), right.value, left.value, status)


def _leading(segment: Sequence[Token]) -> Expression | None:
    """The expression a segment begins with, if what follows it cannot belong to it."""
    try:
        expression = parse(segment, 0)
    except NotArithmetic:
        return None
    if expression.end == len(segment):
        return expression
    following, last = segment[expression.end], segment[expression.end - 1]
    is_new_thought = following.kind == "number" and last.kind == "word"
    return expression if is_new_thought or following.kind == "close" else None


def _trailing(segment: Sequence[Token]) -> Expression | None:
    """The longest expression a segment ends with, if what stands before it cannot belong to it."""
    for start, token in enumerate(segment):
        is_sign = token.kind == "op" and token.text == "-" and start == 0
        if token.kind not in ("number", "open") and not is_sign:
            continue
        try:
            expression = parse(segment, start)
        except NotArithmetic:
            continue
        if expression.end == len(segment):
            is_whole = start == 0 or segment[start - 1].kind in ("word", "open")
            return expression if is_whole else None
    return None


def _reads_otherwise(
    before: Sequence[Token], left: Expression, after: Sequence[Token], right: Expression
) -> bool:
    """Whether the signs have another reading, in which the equation holds or says something else."""
    if _runs_on(left.value, after, right) or _is_span(before, left):
        return True
    if _holds_in_thousands(before, left.start, after):
        return True
    # 12 / 3 * 2 is 2 to those who do not count strokes from the left.
    try:
        first = parse(before, left.start, divides_by_all=True)
        second = parse(after, right.start, divides_by_all=True)
    except NotArithmetic:
        return False
    return _compared(first, second, False) == "supported" or _compared(first, right, False) == "supported"


def _compared(left: Expression, right: Expression, is_approximate: bool) -> Status:
    if left.value == right.value or _is_rounding(left.value, right):
        return "supported"
    if left.has_percent or right.has_percent:
        return _compared_percent(left, right)
    difference = abs(left.value - right.value)
    scale = max(abs(left.value), abs(right.value))
    is_whole = right.operators == 0 and not right.has_decimal and right.value.denominator == 1
    is_cut = is_whole and left.value.denominator != 1 and difference < 1
    if is_approximate:
        return (
            "unclear" if is_cut and difference > HALF else _compared_roughly(left, right, difference, scale)
        )
    is_loose = (left.has_decimal or right.has_decimal) and difference <= ROUNDED * scale
    return "unclear" if is_cut or is_loose else "refuted"


def _compared_roughly(left: Expression, right: Expression, difference: Fraction, scale: Fraction) -> Status:
    last_place = _last_place(right.value)
    is_nearest = right.operators == 0 and last_place == 1 and difference <= HALF
    if difference <= ROUNDED * scale or is_nearest:
        return "supported"
    # An estimate rounds what it computes with, and a round number may be rounded at any of its zeros.
    is_estimate = difference <= HALF * last_place or (right.operators > 0 and difference <= HALF * scale)
    return "unclear" if is_estimate or difference <= ROUGH * scale else "refuted"


def _last_place(value: Fraction) -> Fraction:
    """The worth of a whole number's last digit that is no zero: 100 for 2,300. Nothing for a fraction."""
    if value.denominator != 1:
        return Fraction(0)
    digits = str(abs(value.numerator))
    return Fraction(10 ** (len(digits) - len(digits.rstrip("0")))) if value else Fraction(1)


def _compared_percent(left: Expression, right: Expression) -> Status:
    """A percent sign may be there or missing on either side, and "50 + 10 %" means 55 to many."""
    if left.value == right.value * 100 or right.value == left.value * 100:
        return "supported"
    close = any(
        abs(left.value * factor - right.value) <= ROUNDED * abs(right.value)
        for factor in (1, 100, Fraction(1, 100))
    )
    return "unclear" if close or left.has_sum or right.has_sum else "refuted"


def _is_rounding(exact: Fraction, stated: Expression) -> bool:
    """Whether a bare decimal is ``exact`` rounded or cut at the last digit it shows."""
    if stated.operators or not stated.has_decimal or stated.has_percent:
        return False
    places = 0
    while (stated.value * 10**places).denominator != 1:
        places += 1
    return abs(exact - stated.value) < Fraction(1, 10**places) and exact.denominator != 1


def _is_doubtful(left: Expression, right: Expression, before: Sequence[Token]) -> bool:
    if left.operators == 0 or _is_of_a_whole(left, right):
        return True
    if left.has_open_divisor or right.has_open_divisor or _is_scaled(left.value, right.value):
        return True
    if _counts_unlike_things(left, right):
        return True
    words = left.units | right.units
    neighbours = words | {token.text.lower() for token in before[-1:]}
    if any(_DOUBTFUL.fullmatch(word) for word in neighbours):
        return True
    measures = [{_stem(word) for word in side.units if _MEASURES.fullmatch(word)} for side in (left, right)]
    return len(measures[0] | measures[1]) > 1 or (
        measures[0] != measures[1] and _is_of_next_measure(left, right)
    )


def _holds_in_thousands(before: Sequence[Token], start: int, after: Sequence[Token]) -> bool:
    """Whether 1.500 is fifteen hundred, as in half of the world; every number with a point must look like it."""
    try:
        first = parse(_with_thousands(before), start)
        second = parse(_with_thousands(after), 0)
    except NotArithmetic:
        return False
    return not (first.has_decimal or second.has_decimal) and first.value == second.value


def _with_thousands(signs: Sequence[Token]) -> list[Token]:
    return [
        replace(token, value=token.value * 1_000, is_decimal=False)
        if _THOUSANDS.fullmatch(token.text)
        else token
        for token in signs
    ]


def _runs_on(result: Fraction, after: Sequence[Token], right: Expression) -> bool:
    """Whether the right side begins with the result and goes on from there: "5 + 9 = 14 + 2", "1 - 1/3 = 2/3 * 6".

    Brackets around all of it say that it is meant as one value.
    """
    if right.operators == 0 or right.is_bracketed:
        return False
    opened = next(place for place, token in enumerate(after) if token.kind != "open")
    places = [(start, end) for start in {0, opened} for end in range(start + 1, start + _LONGEST_RESULT)]
    return any(_states(after[start:end], result) for start, end in places if end < right.end)


def _states(signs: Sequence[Token], result: Fraction) -> bool:
    """Whether these are a number or a fraction of this value, and no calculation."""
    if any(token.kind == "op" and token.text in "+*^" for token in signs):
        return False
    try:
        expression = parse(signs, 0)
    except NotArithmetic:
        return False
    has_sign_only = not expression.has_sum and expression.end == len(signs)
    return has_sign_only and expression.value == result


def _is_span(before: Sequence[Token], left: Expression) -> bool:
    """ "3-7 = 12 cm" is a table's line for 3 to 7."""
    signs = before[left.start : left.end]
    if [token.kind for token in signs[:3]] != ["number", "op", "number"] or left.operators != 1:
        return False
    is_glued = signs[0].end == signs[1].start and signs[1].end == signs[2].start
    return is_glued and signs[1].text == "-" and signs[0].value < signs[2].value


def _is_of_a_whole(left: Expression, right: Expression) -> bool:
    """ "3/8 = 375" and "1/5 = 30/2" say how much a share of something is."""
    is_share = left.operators == 1 and not left.has_decimal and 0 < abs(left.value) < 1
    return is_share and abs(right.value) > 1


def _is_scaled(exact: Fraction, stated: Fraction) -> bool:
    """ "5 * 3 = 15,000" counts thousands on one side and says so elsewhere, or nowhere."""
    return exact != 0 and any(stated == exact * scale or exact == stated * scale for scale in _SCALES)


def _is_of_next_measure(left: Expression, right: Expression) -> bool:
    """ "30 * 4 = 2 minutes" counts seconds on the left without a word."""
    larger, smaller = sorted((abs(left.value), abs(right.value)), reverse=True)
    return smaller != 0 and larger / smaller in _MEASURES_IN_NEXT


def _counts_unlike_things(left: Expression, right: Expression) -> bool:
    """ "2 pens + 1 ruler = 90 cents" says what they cost, "3 knots = 2 loops" how one is traded for the other."""
    first, second = ({_stem(word) for word in side.things} for side in (left, right))
    return bool(first and second) and not first & second


def _stem(word: str) -> str:
    return word.rstrip("s")


def _unclear(equation: Equation) -> Equation:
    return Equation(equation.text, equation.found, equation.expected, "unclear")
