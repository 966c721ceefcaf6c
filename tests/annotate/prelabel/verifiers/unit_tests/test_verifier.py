from __future__ import annotations

from typing import Any

import pytest

from annotate.errors import Rejected
from annotate.prelabel.contracts import Finding, StepTask, TraceTask
from annotate.prelabel.strategies import strategy_called
from annotate.prelabel.verifiers.unit_tests.programs import aligned, read_tests
from tests.annotate.prelabel.answering import reasons, run, said, values
from tests.annotate.prelabel.sandbox_player import needs_sandbox, played

ENTRY = strategy_called("verifier/unit_tests")

# The largest sum of neighbours, one statement a step.
RIGHT = (
    "def largest(numbers):\n",
    "    best = now = numbers[0]\n",
    "    for number in numbers[1:]:\n",
    "        now = max(number, now + number)\n",
    "        best = max(best, now)\n",
    "    return best\n",
)
ASSERTS = [
    "assert largest([1, -2, 3, 4]) == 7",
    "assert largest([-3, -1]) == -1",
    "assert largest([5, -9, 1]) == 5",
]


def program(*steps: str, tests: Any = None, **meta: Any) -> TraceTask:
    tests = {"asserts": ASSERTS, "reference": list(RIGHT)} if tests is None else tests
    told = tuple(StepTask(index, text) for index, text in enumerate(steps))
    return TraceTask("Write it.", told, meta={"tests": tests, "language": "python", **meta})


def found(task: TraceTask, **settings: Any) -> Finding:
    return played(ENTRY.start(task, settings))[0]


def changed(place: int, line: str) -> list[str]:
    return [line if number == place else right for number, right in enumerate(RIGHT)]


@needs_sandbox
def test_program_that_passes_is_supported_weakly() -> None:
    finding, asked = played(ENTRY.start(program(*RIGHT), {}))
    assert len(asked) == 1
    assert values(finding) == dict.fromkeys(range(6), "good")
    assert finding.opinions[0].evidence["strength"] == "weak"
    assert finding.summary["outcome"] == "passed"


@needs_sandbox
@pytest.mark.parametrize(
    ("place", "line"),
    [
        (1, "    best = now = 0\n"),
        (3, "        now = max(number, now - number)\n"),
        (4, "        best = min(best, now)\n"),
        (5, "    return now\n"),
        (2, "    for number in numbers[2:]:\n"),
    ],
)
def test_the_changed_statement_alone_is_refuted(place: int, line: str) -> None:
    finding = found(program(*changed(place, line)))
    bad = {position for position, value in values(finding).items() if value == "bad"}
    assert bad == {place}
    assert set(values(finding)) == set(range(6))


@needs_sandbox
def test_equivalent_statement_is_right_beside_a_wrong_one() -> None:
    steps = changed(3, "        now = number + max(0, now)\n")
    steps[5] = "    return now\n"
    finding = found(program(*steps))
    assert values(finding)[3] == "good"
    assert values(finding)[5] == "bad"
    (claim,) = finding.opinions[3].evidence["claims"]
    assert claim["reason"] == "the tests cannot tell it from the reference"


@needs_sandbox
def test_renamed_variables_are_placed_by_their_first_divergence_or_not_at_all() -> None:
    steps = [
        "def largest(numbers):\n",
        "    best = current = numbers[0]\n",
        "    for number in numbers[1:]:\n",
        "        current = max(number, current + number)\n",
        "        best = min(best, current)\n",
        "    return best\n",
    ]
    finding = found(program(*steps))
    assert values(finding) == {0: "good", 2: "good", 4: "bad", 5: "good"}
    assert set(reasons(finding)) == {1, 3}
    (opinion,) = [opinion for opinion in finding.opinions if opinion.value == "bad"]
    assert "best is" in opinion.text


@needs_sandbox
def test_without_a_reference_a_failure_has_no_place() -> None:
    finding = found(program(*changed(5, "    return now\n"), tests={"asserts": ASSERTS}))
    assert finding.opinions == ()
    assert set(reasons(finding).values()) == {"the tests fail, and nothing says at which step"}
    assert finding.summary["outcome"] == "failed"


@needs_sandbox
def test_fenced_program_of_one_step_stands_or_falls_with_its_tests() -> None:
    for body, value in (("return a + b", "good"), ("return a - b", "bad")):
        steps = ("We add them.", f"```python\ndef add(a, b):\n    {body}\n```\n")
        finding = found(program(*steps, tests=["assert add(2, 3) == 5"], language=None))
        assert values(finding) == {1: value}
        assert reasons(finding) == {0: "not applicable"}


@needs_sandbox
@pytest.mark.parametrize(
    ("line", "place"), [("    return = best\n", 5), ("      return best\n", 5), ("    return (best\n", None)]
)
def test_syntax_error_is_placed_where_python_can_place_it(line: str, place: int | None) -> None:
    finding = found(program(*changed(5, line), tests={"asserts": ASSERTS}))
    assert values(finding) == ({} if place is None else {place: "bad"})


@needs_sandbox
def test_input_and_output_are_compared_word_by_word() -> None:
    tests = {"cases": [{"stdin": "3\n", "stdout": "9"}, {"stdin": "4\n", "stdout": "16\n"}]}
    for operator, value in (("**", "good"), ("*", "bad")):
        task = program(f"n = int(input())\nprint(n {operator} 2)\n", tests=tests)
        assert values(found(task)) == {0: value}


@needs_sandbox
@pytest.mark.parametrize(
    "line",
    [
        "    while True: pass\n",
        "    import no_such_package\n",
        "    open('/etc/passwd')\n",
        "    bytearray(10**11)\n",
    ],
)
def test_what_the_sandbox_ends_or_denies_is_unknown(line: str) -> None:
    finding = found(program("def f():\n", line, tests=["assert f() == 1"]), seconds=2)
    assert finding.opinions == ()
    assert finding.summary["outcome"] == "unknown"


@needs_sandbox
@pytest.mark.parametrize("line", ["    import os; os._exit(0)\n", "    import sys; sys.exit(0)\n"])
def test_program_cannot_leave_before_its_tests(line: str) -> None:
    assert found(program("def f():\n", line, tests=["assert f() == 1"])).opinions == ()


@needs_sandbox
def test_wrong_tests_prove_nothing() -> None:
    tests = {"asserts": ["assert largest([1]) == 2"], "reference": list(RIGHT)}
    finding = found(program(*changed(5, "    return now\n"), tests=tests))
    assert finding.opinions == ()
    assert "the reference fails its own tests" in reasons(finding).values()


@needs_sandbox
def test_wrong_tests_prove_nothing_of_a_program_of_one_step_either() -> None:
    whole = "def add(a, b):\n    return a - b\n"
    right = "# adds\ndef add(a, b):\n    return a + b\n"
    for wanted, value in ((5, {0: "bad"}), (6, {})):
        tests = {"asserts": [f"assert add(2, 3) == {wanted}"], "reference": right}
        assert values(found(program(whole, tests=tests))) == value


@needs_sandbox
@pytest.mark.parametrize(
    ("steps", "tests"),
    [
        (["import random\ndef f():\n    return random.random()\n"], ["assert f() > 2"]),
        ([">>> def f():\n...     return 1\n"], ["assert f() == 1"]),
        (["!pip install numpy\ndef f(): return 1\n"], ["assert f() == 1"]),
        (["First we define the function.\n", "def f(): return 1\n"], ["assert f() == 1"]),
        (["def f(): return 1\n"], ["assert f( == 1"]),
    ],
)
def test_failure_that_may_not_be_the_program_s_is_unknown(steps: list[str], tests: list[str]) -> None:
    finding = found(program(*steps, tests=tests))
    assert finding.opinions == ()
    assert finding.summary["outcome"] == "unknown"


@needs_sandbox
@pytest.mark.parametrize(
    ("printed", "expected", "value"),
    [
        ("0.1 + 0.2", "0.3", "good"),
        ("10 / 3", "3.33333333", "good"),
        ("2.0", "2", "good"),
        ("10 / 3", "3.3", "bad"),
        ("20", "21", "bad"),
        ("'a.b'", "a.c", "bad"),
    ],
)
def test_decimals_may_have_more_digits_than_the_test_s(printed: str, expected: str, value: str) -> None:
    tests = {"cases": [{"stdin": "", "stdout": expected}]}
    assert values(found(program(f"print({printed})\n", tests=tests))) == {0: value}


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        (TraceTask("p", (StepTask(0, "x = 1"),)), "the problem has no tests"),
        (program("x = 1", tests="assert"), "the problem has no tests"),
        (program("x = 1", tests=[3]), "the problem has no tests"),
        (program("x = 1", tests=[]), "the problem has no tests"),
        (program("We think.", language="english"), "no step holds Python code"),
    ],
)
def test_trace_without_tests_or_code_is_not_applicable(task: TraceTask, reason: str) -> None:
    finding, asked = run(ENTRY.start(task, {}), lambda request, sample: said(""))
    assert (asked, finding.opinions, reasons(finding)) == ([], (), {None: reason})


def test_reference_is_cut_where_the_steps_are() -> None:
    assert aligned("a\nb\nc\n", ["x\ny\n", "z"]) == ("a\nb\n", "c\n")
    assert aligned("a\nb\n", ["x\ny\n", "z"]) is None
    assert aligned(["a"], ["x", "y"]) is None
    assert aligned("", ["x"]) is None
    assert aligned("a\nb\n", ["x"]) == ("a\nb\n",)


def test_tests_can_be_a_bare_list() -> None:
    tests = read_tests({"tests": ["assert True"]})
    assert tests is not None
    assert (tests.asserts, tests.count) == (("assert True",), 1)


def test_settings_are_checked() -> None:
    with pytest.raises(Rejected, match="seconds"):
        ENTRY.settings({"seconds": -1})
