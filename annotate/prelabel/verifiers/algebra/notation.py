r"""Prose and LaTeX to statements of algebra tokens.

A statement is what lies between two breaks. A *poison* token is anything that changes a formula's meaning and is not
understood (``f(x)``, ``\log``, ``|x|``, ``AB`` as a segment, ``i``): whatever touches one is not read at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["number", "name", "op", "open", "close", "frac", "root", "relation", "poison", "break"]

MAX_TEXT = 20_000
MAX_DIGITS = 20
# Letters stuck to a number or a sign are that many variables side by side; more of them are a word.
MAX_VARIABLES = 3


@dataclass(frozen=True, slots=True)
class Token:
    kind: Kind
    text: str
    start: int
    end: int


_GREEK = "alpha|beta|gamma|delta|epsilon|varepsilon|zeta|eta|theta|kappa|lambda|mu|nu|rho|sigma|tau|phi|varphi|omega"
_SUBSCRIPT = r"(?:_(?:[0-9A-Za-z]|\{[0-9A-Za-z]+\}))?"
_TOKEN = re.compile(
    r"(?P<skip>[ \t\r\f\v]+|\\[,;:! ]|\\(?:left|right|displaystyle|big|Big|bigl|bigr|limits)(?![A-Za-z])|&)"
    r"|(?P<edge>\\[\[\]()]|\$|\\begin\{(?:align|equation|gather|aligned|split)\*?\}|\\end\{[a-z]+\*?\})"
    r"|(?P<number>\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?(?!\d))"
    r"|(?P<frac>\\[dt]?frac(?![A-Za-z]))|(?P<root>\\sqrt(?![A-Za-z])|√)|(?P<pi>\\pi(?![A-Za-z])|π)"
    rf"|(?P<greek>\\(?:{_GREEK})(?![A-Za-z]){_SUBSCRIPT})"
    r"|(?P<times>\\(?:times|cdot|ast)(?![A-Za-z])|[×·∙⋅])|(?P<divide>\\div(?![A-Za-z])|÷)"
    r"|(?P<arrow>\\(?:implies|Rightarrow|Longrightarrow|iff|Leftrightarrow|rightarrow|to)(?![A-Za-z])|=>|->|[⇒→])"
    r"|(?P<text>\\(?:text|textbf|textit|mathrm|mbox|quad|qquad)(?![A-Za-z])\s*(?:\{[^{}]*\})?|\\\\)"
    r"|(?P<command>\\[A-Za-z]+|\\.)"
    r"|(?P<word>[^\W\d_]{2,}(?:['’-][^\W\d_]+)*)"
    rf"|(?P<letter>[A-Za-z]{_SUBSCRIPT})"
    r"|(?P<power>\*\*)|(?P<minus>[-−–])|(?P<plus>\+)|(?P<star>\*)|(?P<slash>/)|(?P<caret>\^)"
    r"|(?P<open>[({\[])|(?P<close>[)}\]])|(?P<relation>(?<![<>=!:])=(?![=>]))"
    r"|(?P<stop>[.,;:?!\n\"“”])|(?P<other>.)",
    re.DOTALL,
)
_OPERATORS = {
    "times": "*",
    "divide": "/",
    "power": "^",
    "minus": "-",
    "plus": "+",
    "star": "*",
    "slash": "/",
    "caret": "^",
}
# Constants that look like variables, and letters that stand for functions before a bracket.
_NOT_VARIABLES = frozenset("ieIO")
_FUNCTION_LETTERS = frozenset("fghkpqsuvwFGHPQRSTVLMNEDBCA")
_LONE_WORDS = frozenset("aAI")
# Words that are part of a formula: functions, and signs that are spelled out.
_SPOKEN = frozenset(
    (
        *("sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh"),
        *("cosh", "tanh", "log", "ln", "lg", "exp", "sqrt", "max", "min", "gcd", "lcm", "lim"),
        *("mod", "modulo", "choose", "floor", "ceil", "abs", "plus", "minus", "times", "over"),
        *("divided", "by", "less", "squared", "cubed", "root", "percent"),
    )
)


def statements(text: str) -> Iterator[list[Token]]:
    """The statements of a text that hold a relation; a text that is too long holds none."""
    if len(text) > MAX_TEXT:
        return
    statement: list[Token] = []
    for token in [*_tokens(text), Token("break", "", len(text), len(text))]:
        if token.kind != "break":
            statement.append(token)
            continue
        if any(known.kind == "relation" for known in statement):
            yield statement
        statement = []


def _tokens(text: str) -> Iterator[Token]:
    matches = [match for match in _TOKEN.finditer(text) if match.lastgroup != "skip"]
    for place, match in enumerate(matches):
        before = matches[place - 1] if place else None
        after = matches[place + 1] if place + 1 < len(matches) else None
        yield _token(match, before, after, text)


def _token(
    match: re.Match[str], before: re.Match[str] | None, after: re.Match[str] | None, text: str
) -> Token:
    name, sign = str(match.lastgroup), match[0]
    kind: Kind = "poison"
    if name in _OPERATORS:
        # "- 3x + 1" at a line's start is an item of a list, or a negative number.
        is_first = before is None or before[0] == "\n"
        is_dash = name == "minus" and is_first and text[match.end() : match.end() + 1].isspace()
        kind, sign = ("poison", sign) if is_dash else ("op", _OPERATORS[name])
    elif name == "number":
        is_based = text[match.end() : match.end() + 1] == "_"
        is_mixed = after is not None and after.lastgroup == "frac"
        kind = "poison" if is_based or is_mixed or len(sign) > MAX_DIGITS else "number"
    elif name in {"frac", "root", "open", "close", "relation"}:
        kind = name  # type: ignore[assignment]
    elif name == "pi":
        kind, sign = "name", "π"
    elif name in {"greek", "letter"}:
        kind = _letter_kind(match, before, after, text)
    elif name == "word":
        kind = "poison" if _is_in_a_formula(match, before, after, text) else "break"
    elif name in {"arrow", "text", "edge"}:
        kind = "break"
    elif name == "stop":
        is_inside = (
            match.start() > 0
            and text[match.start() - 1].isalnum()
            and text[match.end() : match.end() + 1].isalnum()
        )
        kind = "poison" if sign in "!?" or (is_inside and sign in ".,:") else "break"
    return Token(kind, sign, match.start(), match.end())


def _is_in_a_formula(
    match: re.Match[str], before: re.Match[str] | None, after: re.Match[str] | None, text: str
) -> bool:
    """Whether a word is a function, a spoken sign, or an operand ("2ab - b", "price + 5x"): what is beside it is half a
    formula then. A minus with room on both sides may as well be a dash, and is taken for a minus."""
    if match[0].lower() in _SPOKEN:
        return True
    last = text[match.start() - 1] if before is not None and before.end() == match.start() else " "
    if len(match[0]) <= MAX_VARIABLES and (last.isdigit() or last in ")}^*/+-"):
        return True
    if after is None:
        return False
    has_room = after.start() > match.end()
    if after.lastgroup not in _OPERATORS:
        return after[0] == "(" and not has_room
    return after.lastgroup != "minus" or has_room == text[after.end() : after.end() + 1].isspace()


def _letter_kind(
    match: re.Match[str], before: re.Match[str] | None, after: re.Match[str] | None, text: str
) -> Kind:
    letter = match[0]
    if letter in _NOT_VARIABLES or text[match.end() : match.end() + 1] in {"'", "’"}:
        return "poison"
    beside = [other for other in (before, after) if other is not None and other.lastgroup in {"word", "text"}]
    if letter in _LONE_WORDS and beside:
        return "break"
    is_followed_by_bracket = after is not None and after[0] == "(" and after.start() == match.end()
    return "poison" if is_followed_by_bracket and letter[0] in _FUNCTION_LETTERS else "name"
