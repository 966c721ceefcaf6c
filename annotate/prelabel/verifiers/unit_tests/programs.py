"""The tests a problem brings, the program a trace's steps add up to, and what came of running it."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from annotate.prelabel.checking.code_blocks import blocks
from annotate.prelabel.checking.program_runs import is_of_the_enclosure, program_request, program_run
from annotate.prelabel.contracts import Completion, Request, TraceTask

_HARNESS = Path(__file__).with_name("harness.py").read_text(encoding="utf-8")
_SYNTAX = frozenset({"SyntaxError", "IndentationError", "TabError"})
# A session's prompt, a notebook's command, or a line of prose: no program, and no mistake in one.
_NO_PROGRAM = re.compile(r"\s*(?:>>>|\.\.\. |[%!$] ?\w)|\s*[A-Z][a-z']*(?: [A-Za-z',]+){3,}[.:]?\s*$")
_UNSTEADY = re.compile(
    r"^[ \t]*(?:import|from)\s+(?:random|secrets|uuid|time|datetime|threading|asyncio|multiprocessing)\b",
    re.MULTILINE,
)
_TOLERANCE = 1e-6
# Python notices these only at a later line, or at the end.
_UNPLACED = ("never closed", "EOF", "expected an indented block", "unterminated", "expected 'except'")


@dataclass(frozen=True, slots=True)
class Tests:
    """``cases`` are (standard input, expected standard output); ``reference`` a right program, whole or in pieces."""

    asserts: tuple[str, ...] = ()
    cases: tuple[tuple[str, str], ...] = ()
    setup: str = ""
    reference: str | tuple[str, ...] = ""

    @property
    def count(self) -> int:
        return len(self.asserts) + len(self.cases)


def read_tests(meta: Mapping[str, Any]) -> Tests | None:
    """``meta.tests`` as described in docs/formats.md; None where there are none or they cannot be read."""
    given = meta.get("tests")
    if isinstance(given, list):
        given = {"asserts": given}
    if not isinstance(given, Mapping):
        return None
    asserts, cases = given.get("asserts") or [], given.get("cases") or []
    reference = given.get("reference") or ""
    is_readable = (
        isinstance(asserts, list)
        and all(isinstance(text, str) for text in asserts)
        and isinstance(cases, list)
        and all(isinstance(case, Mapping) and isinstance(case.get("stdout"), str) for case in cases)
        and (isinstance(reference, str) or all(isinstance(piece, str) for piece in reference))
    )
    if not is_readable or not (asserts or cases):
        return None
    return Tests(
        tuple(asserts),
        tuple((str(case.get("stdin") or ""), case["stdout"]) for case in cases),
        str(given.get("setup") or ""),
        reference if isinstance(reference, str) else tuple(reference),
    )


def pieces_of(task: TraceTask) -> dict[int, str]:
    """The code of each step that holds some: its fenced blocks, or the steps as they stand where none is fenced."""
    own = {index: step for index, step in enumerate(task.steps) if step.kind != "observation"}
    fenced = {index: blocks(step.text).code for index, step in own.items()}
    if any(fenced.values()):
        return {index: code for index, code in fenced.items() if code.strip()}
    if task.meta.get("language") != "python":
        return {}
    return {index: step.text for index, step in own.items() if step.text.strip()}


def aligned(reference: str | Sequence[str], pieces: Sequence[str]) -> tuple[str, ...] | None:
    """The reference in as many pieces as the program: as given, or cut at the same lines where it has as many."""
    if not isinstance(reference, str):
        return tuple(reference) if len(reference) == len(pieces) else None
    if len(pieces) == 1:
        return (reference,) if reference.strip() else None
    lines = reference.splitlines(keepends=True)
    counts = [len(_closed(piece).splitlines()) for piece in pieces]
    if not reference.strip() or sum(counts) != len(lines):
        return None
    starts = [sum(counts[:place]) for place in range(len(counts))]
    return tuple("".join(lines[start : start + n]) for start, n in zip(starts, counts, strict=True))


@dataclass(frozen=True, slots=True)
class TestedProgram:
    """What came of one program. ``unknown`` says why nothing can be said; else it passed or failed."""

    unknown: str = ""
    failures: tuple[str, ...] = ()
    errors: frozenset[str] = frozenset()
    syntax_piece: int | None = None
    is_syntax_error: bool = False
    events: tuple[tuple[int, Mapping[str, str]], ...] = field(default=())

    @property
    def passes(self) -> bool:
        return not self.unknown and not self.failures


def request_under_tests(
    pieces: Sequence[str], tests: Tests, about: int | None, seconds: float, purpose: str
) -> Request:
    """Ask for one program to be run under the tests."""
    code, lines = _joined(pieces)
    job = {
        "code": code,
        "lines": lines,
        "setup": tests.setup,
        "asserts": tests.asserts,
        "inputs": [given for given, _ in tests.cases],
        "marker": _marker(code),
    }
    limits = {"seconds": seconds, "output_bytes": 2 << 20}
    return program_request(_HARNESS, about=about, stdin=json.dumps(job), limits=limits, purpose=purpose)


def tested(completions: Sequence[Completion], pieces: Sequence[str], tests: Tests) -> TestedProgram:
    """Read what came of :func:`request_under_tests`."""
    run = program_run(completions)
    code, lines = _joined(pieces)
    told = _told(run.stdout, _marker(code))
    if told is None:
        return TestedProgram(run.reason or "the program ended its own tests")
    error = told["error"]
    if error in _SYNTAX and any(_NO_PROGRAM.match(line) for line in code.splitlines()):
        return TestedProgram("not all of it is a program")
    if error in _SYNTAX:
        is_placed = not any(words in told["message"] for words in _UNPLACED) and 0 < told["line"] <= len(
            lines
        )
        piece = lines[told["line"] - 1] if is_placed else None
        reason = f"{error} in line {told['line']}: {told['message']}"
        return TestedProgram(
            failures=(reason,), errors=frozenset({error}), syntax_piece=piece, is_syntax_error=True
        )
    asserted = told["asserts"] or [error] * len(tests.asserts)
    fates = list(zip(tests.asserts, (error or fate for fate in asserted), strict=False))
    for (given, expected), (name, printed) in zip(tests.cases, told["outputs"], strict=False):
        is_same = _is_same_output(printed, expected)
        fates.append((f"input {given!r}", name or ("" if is_same else "another output")))
    failed = [(text, fate) for text, fate in fates if fate]
    if any(fate in _SYNTAX for _, fate in failed):
        return TestedProgram("a test cannot be read")
    if failed and _UNSTEADY.search(code):
        return TestedProgram("another run may come out differently")
    owed = [fate for _, fate in failed if is_of_the_enclosure(fate)]
    if len(fates) < tests.count or (failed and len(owed) == len(failed)):
        return TestedProgram(
            f"the code needs what is not there ({owed[0]})" if owed else "not every test was run"
        )
    return TestedProgram(
        failures=tuple(f"{text}: {fate}" for text, fate in failed),
        errors=frozenset(fate for _, fate in failed),
        events=tuple((piece, state) for piece, state in told["events"]),
    )


def _is_same_output(printed: str, expected: str) -> bool:
    """Word by word; a number with a point may be written with more or fewer digits."""
    words, wanted = printed.split(), expected.split()
    return len(words) == len(wanted) and all(
        word == other or _is_same_number(word, other) for word, other in zip(words, wanted, strict=True)
    )


def _is_same_number(word: str, other: str) -> bool:
    if "." not in word and "." not in other:
        return False
    try:
        return math.isclose(float(word), float(other), rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
    except ValueError:
        return False


def divergence(program: TestedProgram, reference: TestedProgram) -> tuple[int, str] | None:
    """The piece after which the state first differs from the reference's (arXiv 2603.16158), and how."""
    before: int | None = None
    for (piece, state), (other, wanted) in zip(program.events, reference.events, strict=False):
        if piece != other:
            return None if before is None else (before, "control goes on elsewhere than in the reference")
        for name in state.keys() & wanted.keys():
            if state[name] != wanted[name]:
                return piece, f"{name} is {state[name]}, in the reference {wanted[name]}"
        before = piece
    return None


def _joined(pieces: Sequence[str]) -> tuple[str, list[int]]:
    closed = [_closed(piece) for piece in pieces]
    return "".join(closed), [number for number, piece in enumerate(closed) for _ in piece.splitlines()]


def _closed(piece: str) -> str:
    return piece if piece.endswith("\n") else piece + "\n"


def _marker(code: str) -> str:
    # No program can print the digest of a text that holds that digest.
    return hashlib.sha256(code.encode(errors="surrogatepass")).hexdigest()


def _told(stdout: str, marker: str) -> dict[str, Any] | None:
    for line in stdout.splitlines():
        if line.startswith(marker):
            try:
                told: dict[str, Any] = json.loads(line[len(marker) :])
            except ValueError:
                return None
            return told
    return None
