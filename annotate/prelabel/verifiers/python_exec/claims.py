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
    rf"`(?P<name>[A-Za-z_]\w*)`\s*(?:is\s+now|is\s+equal\s+to|is|equals|becomes|==?|has\s+the\s+value|holds|contains)\s*{_VALUE}",
    re.IGNORECASE,
)
_RAISES = re.compile(
    r"\b(?:raises?|throws?|fails?\s+with)\b[^.\n]{0,20}?`?(?P<name>[A-Z]\w*(?:Error|Exception|Iteration))`?"
)
# Another moment, another course of things, or not the code's doing.
_DOUBTFUL = re.compile(
    r"\b(?:if|would|suppose|initially|before|first|starts?|begins?|when|while|each|every|iteration|until|instead|wrong|bug"
    r"|not|n't|never|unless|rather|except|old|previous|originally|at\s+least|at\s+most|about|roughly|approximately|or)\b|≈|~",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^.!?\n]*(?:[.!?](?!\s|$)[^.!?\n]*)*")
# What comes out differently each time, or is not the code's own.
_UNSTEADY = re.compile(
    r"\b(?:random|secrets|uuid|time|datetime|date|input|id|hash|os|sys|platform|getpass|requests|urllib|socket|threading|tempfile|perf_counter)\b"
)
_CLOSE = 1e-9
_LOOSE = 0.01


@dataclass(frozen=True, slots=True)
class Ran:
    """What one block did. ``is_after_failure``: an earlier block raised, so this one had less to work with."""

    code: str
    stdout: str
    error: str
    message: str
    state: Mapping[str, str]
    is_after_failure: bool = False


def claims(said: Blocks, ran: Ran) -> list[Claim]:
    """Every claim of a step about the block that ran last."""
    found = list(_about_errors(said, ran))
    if said.output is not None:
        found.append(_about_output(said.output.strip(), "the shown output", ran, is_whole=True))
    for sentence in _SENTENCE.findall(said.prose):
        # Asked once: a sentence may hold thousands of claims.
        is_hedged = _DOUBTFUL.search(sentence) is not None
        found += [_hedged(claim) if is_hedged else claim for claim in _of_sentence(sentence, ran)]
    is_unsteady = ran.is_after_failure or _UNSTEADY.search(ran.code) is not None
    return [
        _unclear(claim, "another run may come out differently") if is_unsteady else claim for claim in found
    ]


def _of_sentence(sentence: str, ran: Ran) -> Iterator[Claim]:
    for match in _PRINTS.finditer(sentence):
        yield _about_output(match["value"].strip("`"), match[0], ran, is_whole=False)
    for match in _HOLDS.finditer(sentence):
        name, value = match["name"], match["value"].strip("`")
        if ran.error:
            yield _raised(match[0], ran)
        elif name in ran.state:
            status = _same(value, ran.state[name])
            yield Claim(
                match[0], status, found=value, expected=ran.state[name], reason=f"{name} is {ran.state[name]}"
            )


def _about_errors(said: Blocks, ran: Ran) -> Iterator[Claim]:
    for match in _RAISES.finditer(said.prose):
        if ran.error == match["name"]:
            yield Claim(match[0], "supported", found=match["name"], expected=ran.error)


def _about_output(value: str, text: str, ran: Ran, *, is_whole: bool) -> Claim:
    if ran.error:
        return _raised(text, ran)
    printed = ran.stdout.strip()
    lines = [line.strip() for line in printed.splitlines()]
    status: Status = _same(value, printed)
    if not is_whole and status == "refuted":
        # One of several things that are printed, or a part of a line.
        if any(_same(value, line) == "supported" for line in lines):
            status = "supported"
        elif len(lines) > 1 or value in printed:
            status = "unclear"
    if is_whole and status == "refuted" and _lines_agree(value.splitlines(), lines):
        status = "supported"
    if not printed:
        return Claim(text, "refuted", found=value, reason="it prints nothing")
    return Claim(text, status, found=value, expected=printed, reason=f"it prints {printed}")


def _raised(text: str, ran: Ran) -> Claim:
    return Claim(text, "refuted", expected=ran.error, reason=f"the code raises {ran.error}: {ran.message}")


def _lines_agree(claimed: list[str], printed: list[str]) -> bool:
    return len(claimed) == len(printed) and all(
        _same(left.strip(), right) == "supported" for left, right in zip(claimed, printed, strict=True)
    )


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
        scale = max(abs(left), abs(right))
        if math.isclose(left, right, rel_tol=_CLOSE):
            return "supported"
        return "unclear" if abs(left - right) <= _LOOSE * scale else "refuted"
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
