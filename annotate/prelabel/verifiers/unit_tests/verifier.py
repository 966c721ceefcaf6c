"""Label the statements of a program by its tests, and place the first one that goes wrong.

- The whole program passes: its steps are supported, weakly, since tests do not see everything.
- It fails and there is a right program in as many pieces (``meta.tests.reference``): each step that differs is put
  alone into the right program, the statement labels of PRLCoder (arXiv 2502.01715). Passing supports it (it is
  equivalent there, or the tests cannot tell), failing refutes it; a name the right program does not know decides
  nothing. Then the earliest divergence of the two programs' states decides (EGCA, arXiv 2603.16158).
- It fails without such a program: only a syntax error and a program of one step have a place.

A right program that fails its own tests proves the tests wrong, and nobody else. What takes too long is unknown.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from annotate.prelabel.checking.verdicts import Claim, Status, Verdicts, VerifierSettings, not_applicable
from annotate.prelabel.contracts import Completion, Finding, Request, Strategy, TraceTask
from annotate.prelabel.verifiers.unit_tests.programs import (
    TestedProgram,
    Tests,
    aligned,
    divergence,
    pieces_of,
    read_tests,
    request_under_tests,
    tested,
)
from annotate.settings import require

# The step may have given another name to what the others use.
_OWED_TO_NAMES = frozenset(
    {"NameError", "UnboundLocalError", "AttributeError", "KeyError", "IndentationError", "SyntaxError"}
)
WRONG_TESTS = "the reference fails its own tests"
UNPLACED = "the tests fail, and nothing says at which step"


@dataclass(frozen=True, slots=True)
class UnitTestsSettings(VerifierSettings):
    """``seconds`` bounds each run of a program under all its tests; ``max_exchanges`` the steps that are put alone
    into the right program."""

    seconds: float = 10.0
    max_exchanges: int = 64

    def __post_init__(self) -> None:
        VerifierSettings.__post_init__(self)
        require(0 < self.seconds <= 120, "seconds", "must lie between 0 and 120.")
        require(0 <= self.max_exchanges <= 1024, "max_exchanges", "must lie between 0 and 1024.")


def verify_tests(task: TraceTask, settings: UnitTestsSettings) -> Strategy:
    """Judge the steps that hold code; needs ``meta.tests``."""
    tests = read_tests(task.meta)
    if tests is None:
        return not_applicable("the problem has no tests")
    pieces = pieces_of(task)
    if not pieces:
        return not_applicable("no step holds Python code")
    return (yield from _Verifier(task, settings, tests, pieces).run())


class _Verifier:
    def __init__(
        self, task: TraceTask, settings: UnitTestsSettings, tests: Tests, pieces: dict[int, str]
    ) -> None:
        self._task = task
        self._settings = settings
        self._tests = tests
        self._places = list(pieces)
        self._pieces = list(pieces.values())
        self._right = aligned(tests.reference, self._pieces)

    def run(self) -> Strategy:
        program = yield from self._try(self._pieces, None, "tests")
        if program.unknown:
            return self._finding({}, program.unknown, program)
        if program.passes:
            reason = f"the whole program passes {self._tests.count} tests"
            claims = {
                number: [Claim("the code", "supported", reason=reason)] for number in range(len(self._pieces))
            }
            return self._finding(claims, "", program)
        if not program.is_syntax_error and len(self._pieces) == 1 and self._right is not None:
            right = yield from self._try(self._right, None, "reference")
            if not right.passes:
                return self._finding({}, right.unknown or WRONG_TESTS, program)
        if program.is_syntax_error or len(self._pieces) == 1:
            number = program.syntax_piece if program.is_syntax_error else 0
            claim = Claim("the code", "refuted", reason="; ".join(program.failures[:3]))
            return self._finding({} if number is None else {number: [claim]}, UNPLACED, program)
        if self._right is None:
            return self._finding({}, UNPLACED, program)
        right = yield from self._try(self._right, None, "reference")
        if not right.passes:
            return self._finding({}, right.unknown or WRONG_TESTS, program)
        claims = yield from self._exchanged(self._right, program, right)
        return self._finding(claims, UNPLACED, program)

    def _exchanged(
        self, right: Sequence[str], program: TestedProgram, reference: TestedProgram
    ) -> Generator[Sequence[Request], Sequence[Sequence[Completion]], dict[int, list[Claim]]]:
        """What each step does in the place of the right one; the earliest divergence where that decides nothing."""
        claims: dict[int, list[Claim]] = {}
        differing = [n for n, piece in enumerate(self._pieces) if piece.split() != right[n].split()]
        for number in set(range(len(self._pieces))) - set(differing):
            claims[number] = [Claim("the code", "supported", reason="it is the reference's own")]
        tried = differing[: self._settings.max_exchanges]
        programs = [[*right[:number], self._pieces[number], *right[number + 1 :]] for number in tried]
        if programs:
            answers = yield [
                self._request(pieces, self._places[number], "exchange")
                for number, pieces in zip(tried, programs, strict=True)
            ]
            for number, pieces, answer in zip(tried, programs, answers, strict=True):
                claims[number] = [_alone(tested(answer, pieces, self._tests))]
        found = divergence(program, reference)
        if found is not None and found[0] in differing:
            number, how = found
            is_open = all(claim.status == "unclear" for claim in claims.get(number, ()))
            status: Status = "refuted" if is_open else "unclear"
            claims.setdefault(number, []).append(Claim("the state after it", status, reason=how))
        return claims

    def _try(
        self, pieces: Sequence[str], about: int | None, purpose: str
    ) -> Generator[Sequence[Request], Sequence[Sequence[Completion]], TestedProgram]:
        answers = yield [self._request(pieces, about, purpose)]
        return tested(answers[0], pieces, self._tests)

    def _request(self, pieces: Sequence[str], about: int | None, purpose: str) -> Request:
        position = None if about is None else self._task.steps[about].position
        return request_under_tests(pieces, self._tests, position, self._settings.seconds, purpose)

    def _finding(self, claims: dict[int, list[Claim]], why: str, program: TestedProgram) -> Finding:
        verdicts = Verdicts(self._settings)
        numbers = {place: number for number, place in enumerate(self._places)}
        for place, step in enumerate(self._task.steps):
            if place not in numbers:
                verdicts.pass_over(step)
                continue
            own = claims.get(numbers[place], [])
            verdicts.judge(step, own, "" if own else why)
        outcome = "unknown" if program.unknown else "passed" if program.passes else "failed"
        return verdicts.finding(tests=self._tests.count, outcome=outcome, failures=list(program.failures[:5]))


def _alone(program: TestedProgram) -> Claim:
    text = "the code in the reference's place"
    if program.unknown:
        return Claim(text, "unclear", reason=program.unknown)
    if program.passes:
        return Claim(text, "supported", reason="the tests cannot tell it from the reference")
    status: Status = "unclear" if program.errors <= _OWED_TO_NAMES else "refuted"
    return Claim(text, status, reason="; ".join(program.failures[:3]))
