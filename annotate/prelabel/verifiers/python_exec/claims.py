"""What a step says its code prints and leaves in its variables, held against what it did."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from annotate.prelabel.checking.code_blocks import Blocks
from annotate.prelabel.checking.verdicts import Claim, Status

_VALUE = r"(?P<value>`[^`\n]+`|-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?(?=[\s.,;:)!]|$))"
_PRINTS = re.compile(
    rf"\b(?:prints?|outputs?|displays?|output\s+(?:is|will\s+be|of\s+the\s+(?:code|program)\s+is)|printed)\b\s*(?:the\s+(?:value|number)\s*)?:?\s*{_VALUE}",
    re.IGNORECASE,
)
_HOLDS = re.compile(
    rf"`(?P<name>[A-Za-z_]\w*)`\s*(?:is\s+now|is\s+equal\s+to|is|equals|becomes|==?|has\s+the\s+value|holds)\s*{_VALUE}",
    re.IGNORECASE,
)
_RAISES = re.compile(
    r"\b(?:raises?|throws?|fails?\s+with)\b[^.\n]{0,20}?`?(?P<name>[A-Z]\w*(?:Error|Exception|Iteration))`?"
)
# Another moment, another course of things, or not the code's doing.
_DOUBTFUL = re.compile(
    r"\b(?:if|would|suppose|initially|before|first|starts?|begins?|when|while|each|every|iteration|until|instead|wrong|bug"
    r"|should|supposed|could|can|may|might|expect\w*|wants?|wanted|needs?|example|sample|given|inputs?|(?:for|with)\s+`?\w+`?\s*="
    r"|not|n't|never|unless|rather|except|old|previous|originally|at\s+least|at\s+most|about|roughly|approximately|or)\b|≈|~",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^.!?\n]*(?:[.!?](?!\s|$)[^.!?\n]*)*")
# What comes out differently each time, or is not the code's own.
_UNSTEADY = re.compile(
    r"\b(?:random|secrets|uuid|time|datetime|date|input|id|hash|os|sys|platform|getpass|requests|urllib|socket|threading|tempfile|perf_counter)\b"
)
# What may follow a number without making it the number of something: "prints 3 lines".
_ENDS = re.compile(
    r"\s*(?:$|[.,;:)!\n(—–]|(?:and|which|that|because|as|since|so|but|then|now|here|again|on|at|after|in|to\s+(?:the|stdout|standard))\b)"
)
# A block that raises these is an excerpt: names and imports stand elsewhere, or it is a session, or newer Python.
_OF_AN_EXCERPT = frozenset({"NameError", "SyntaxError", "IndentationError", "TabError"})
_ELIDED = re.compile(r"\.\.\.|…|\bat 0x[0-9a-f]+", re.IGNORECASE)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?", re.IGNORECASE)
_CLOSE = 1e-9
_LOOSE = 0.01
MAX_PLACES = 12


@dataclass(frozen=True, slots=True)
class Ran:
    """What one block did. ``is_after_failure``: an earlier block raised, so this one had less to work with.

    ``echo`` is what a notebook would show of its last line; ``defines`` says that it holds functions or classes, which
    may print when somebody calls them.
    """

    code: str
    stdout: str
    error: str
    message: str
    state: Mapping[str, str]
    is_after_failure: bool = False
    echo: str = ""
    defines: bool = False


def claims(said: Blocks, ran: Ran) -> list[Claim]:
    """Every claim of a step about the block that ran last."""
    found = list(_about_errors(said, ran))
    is_told = bool(ran.error) and ran.error in f"{said.prose} {said.output or ''}"
    if said.output is not None:
        found.append(_about_output(said.output.strip(), "the shown output", ran, is_whole=True))
    for sentence in _SENTENCE.findall(said.prose):
        # Asked once: a sentence may hold thousands of claims.
        is_hedged = _DOUBTFUL.search(sentence) is not None
        found += [_hedged(claim) if is_hedged else claim for claim in _of_sentence(sentence, ran)]
    if is_told:
        found = [_unclear(claim, "the step says what the code raises") for claim in found]
    is_unsteady = ran.is_after_failure or _UNSTEADY.search(ran.code) is not None
    return [
        _unclear(claim, "another run may come out differently") if is_unsteady else claim for claim in found
    ]


def _of_sentence(sentence: str, ran: Ran) -> Iterator[Claim]:
    for match in _PRINTS.finditer(sentence):
        claim = _about_output(match["value"].strip("`"), match[0], ran, is_whole=False)
        yield claim if _is_all(match, sentence) else _hedged(claim)
    for match in _HOLDS.finditer(sentence):
        name, value = match["name"], match["value"].strip("`")
        if ran.error:
            yield _raised(match[0], ran)
        elif name in ran.state:
            held = ran.state[name]
            claim = Claim(
                match[0], _same(value, held), found=value, expected=held, reason=f"{name} is {held}"
            )
            # "`x` is `int`" tells its type.
            is_value = _literal(value) is not _NOTHING and _is_all(match, sentence)
            yield claim if is_value else _hedged(claim)


def _is_all(match: re.Match[str], sentence: str) -> bool:
    return match["value"].startswith("`") or _ENDS.match(sentence, match.end()) is not None


def _about_errors(said: Blocks, ran: Ran) -> Iterator[Claim]:
    for match in _RAISES.finditer(said.prose):
        if ran.error == match["name"]:
            yield Claim(match[0], "supported", found=match["name"], expected=ran.error)


def _about_output(value: str, text: str, ran: Ran, *, is_whole: bool) -> Claim:
    printed = ran.stdout.strip()
    # A notebook shows the value of the last line too.
    shown = [output for output in (printed, f"{printed}\n{ran.echo}".strip()) if output]
    statuses = [_printed(value, output, is_whole) for output in shown]
    if "supported" in statuses:
        return Claim(text, "supported", found=value, expected=shown[statuses.index("supported")])
    if ran.error:
        return _raised(text, ran)
    if not shown:
        claim = Claim(text, "refuted", found=value, reason="it prints nothing")
        return _hedged(claim) if ran.defines else claim
    claim = Claim(text, statuses[0], found=value, expected=shown[0], reason=f"it prints {shown[0]}")
    # "prints `total`" names what is printed.
    is_named = not is_whole and value in ran.code
    is_open = "unclear" in statuses or is_named or any(_ELIDED.search(part) for part in (value, *shown))
    return _hedged(claim) if is_open else claim


def _printed(value: str, printed: str, is_whole: bool) -> Status:
    claimed, lines = value.splitlines(), [line.strip() for line in printed.splitlines()]
    status = _same(value, printed)
    if status != "refuted":
        return status
    if is_whole:
        return _lines_agree(claimed, lines)
    # One of several things that are printed, or a part of a line.
    if any(_same(value, line) == "supported" for line in lines):
        return "supported"
    return "unclear" if len(lines) > 1 or value in printed else "refuted"


def _raised(text: str, ran: Ran) -> Claim:
    status: Status = "unclear" if ran.error in _OF_AN_EXCERPT else "refuted"
    return Claim(text, status, expected=ran.error, reason=f"the code raises {ran.error}: {ran.message}")


def _lines_agree(claimed: list[str], printed: list[str]) -> Status:
    if len(claimed) != len(printed):
        return "refuted"
    statuses = {_line(left.strip(), right) for left, right in zip(claimed, printed, strict=True)}
    return "refuted" if "refuted" in statuses else "unclear" if "unclear" in statuses else "supported"


def _line(claimed: str, printed: str) -> Status:
    """As :func:`_same`, and unclear where only decimals or the order of things differ, as that of a set may."""
    status = _same(claimed, printed)
    if status != "refuted" or _literal(claimed) is not _NOTHING:
        return status
    words = [_NUMBER.sub("#", text).split() for text in (claimed, printed)]
    numbers = [_NUMBER.findall(text) for text in (claimed, printed)]
    if words[0] == words[1] and all(_same(*pair) != "refuted" for pair in zip(*numbers, strict=True)):
        return "unclear"
    signs = [sorted(re.findall(r"\w+|\S", text)) for text in (claimed, printed)]
    return "unclear" if signs[0] == signs[1] else "refuted"


def _same(claimed: str, actual: str) -> Status:
    """Equal as texts or as Python values; a number that was rounded is no mistake."""
    if claimed.strip().strip("'\"") == actual.strip().strip("'\""):
        return "supported"
    left, right = _literal(claimed), _literal(actual)
    if left is _NOTHING or right is _NOTHING:
        return "refuted" if claimed.split() != actual.split() else "supported"
    if left == right:
        return "supported"
    if _is_number(left) and _is_number(right):
        if math.isclose(left, right, rel_tol=_CLOSE):
            return "supported"
        places = len(claimed.strip().rpartition(".")[2]) if "." in claimed else MAX_PLACES
        near = max(_LOOSE * max(abs(left), abs(right)), 10.0**-places)
        return "unclear" if abs(left - right) <= near else "refuted"
    return "refuted"


_NOTHING = object()


def _literal(text: str) -> Any:
    plain = (
        re.sub(r"(?<=\d),(?=\d{3}\b)", "", text.strip())
        if re.fullmatch(r"-?[\d,.]+", text.strip())
        else text.strip()
    )
    try:
        return ast.literal_eval(plain)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return _NOTHING


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 10**300


def _hedged(claim: Claim) -> Claim:
    return _unclear(claim, "its words leave another reading open")


def _unclear(claim: Claim, reason: str) -> Claim:
    if claim.status != "refuted":
        return claim
    return Claim(claim.text, "unclear", claim.found, claim.expected, reason)
