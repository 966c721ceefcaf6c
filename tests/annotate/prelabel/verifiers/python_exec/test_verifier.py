from __future__ import annotations

import json
from typing import Any

import pytest

from annotate.errors import Rejected
from annotate.prelabel.contracts import Completion, Finding, StepTask, TraceTask
from annotate.prelabel.strategies import strategy_called
from tests.annotate.prelabel.answering import reasons, run, said, trace, values
from tests.annotate.prelabel.sandbox_player import needs_sandbox, played

ENTRY = strategy_called("verifier/python_exec")


def code(text: str, after: str = "") -> str:
    return f"Let us compute.\n```python\n{text}\n```\n{after}"


def found(*steps: str, **settings: Any) -> Finding:
    return played(ENTRY.start(trace(*steps), settings))[0]


@needs_sandbox
@pytest.mark.parametrize(
    ("text", "value"),
    [
        (code("print(6 * 7)", "This prints 42."), "good"),
        (code("print(6 * 7)", "This prints 43."), "bad"),
        (code("print(6 * 7)", "```output\n42\n```\n"), "good"),
        (code("print(6 * 7)", "Output:\n```\n41\n```\n"), "bad"),
        (code("x = 5", "Now `x` is 5."), "good"),
        (code("x = 5", "Now `x` is 6."), "bad"),
        (code("x = [1, 2]", "So `x` equals `[1,2]`."), "good"),
        (code("x = {'a': 1}", "So `x` is `{'a': 2}`."), "bad"),
        (code("print(1)\nprint(2)", "```output\n1\n2\n```"), "good"),
        (code("1 / 0", "It raises ZeroDivisionError."), "good"),
        (code("print(1 / 0)", "It prints 0."), "bad"),
        (code("x = 1", "It prints 1."), "bad"),
        (code("print('a b')", "It prints `a b`."), "good"),
        (code("print(1234567)", "It outputs 1,234,567."), "good"),
    ],
)
def test_what_a_step_says_of_its_code_is_held_against_what_it_does(text: str, value: str) -> None:
    assert values(found(text)) == {0: value}


@needs_sandbox
@pytest.mark.parametrize(
    "text",
    [
        code("x = 5"),
        code("1 / 0"),
        code("print(1 / 3)", "This prints 0.33."),
        code("import random\nprint(random.random())", "This prints 0.5."),
        code("x = 5", "Initially `x` is 0."),
        code("x = 5", "If `x` is 6 we stop."),
        code("print(5)\nprint(6)", "This prints 7."),
        code("import no_such_package\nprint(1)", "This prints 2."),
        code("print(open('/etc/passwd').read())", "This prints 1."),
        code("while True: pass", "This prints 1."),
        code("print(input())", "This prints 1."),
        code("while True: print('x' * 1000)", "This prints 1."),
        code("x = bytearray(10 ** 11)", "`x` is 1."),
    ],
)
def test_what_is_not_said_or_not_known_for_certain_is_silence(text: str) -> None:
    finding = found(text, seconds=3)
    assert finding.opinions == ()
    assert set(reasons(finding)) == {0}


@needs_sandbox
@pytest.mark.parametrize(
    ("text", "value"),
    [
        # What is printed in part, in another order, cut short, rounded, or shown by a notebook.
        (code("print('mean', 10 / 3)", "```output\nmean 3.33\n```"), None),
        (code("print('mean', 10 / 3)", "```output\nmean 4.33\n```"), "bad"),
        (code("print(0.004)", "This prints 0.00."), None),
        (code("print('tags:', {'a', 'b'})", "```output\ntags: {'b', 'a'}\n```"), "or good"),
        (code("print(list(range(50)))", "```output\n[0, 1, ..., 49]\n```"), None),
        (code("print(object())", "```output\n<object object at 0x7f00>\n```"), None),
        (code("x = 6\nx * 7", "```output\n42\n```"), "good"),
        (code("x = 6\nprint(x)\nx * 7", "```output\n6\n42\n```"), "good"),
        (code("x = 6\nx * 7", "```output\n43\n```"), "bad"),
        # What the words mean.
        (code("total = 42\nprint(total)", "This prints `total`."), None),
        (code("total = 42\nprint(total)", "This prints `toto`."), "bad"),
        (code("print(1)\n", "It prints 3 lines."), None),
        (code("x = [4, 5, 6]", "Now `x` is 3 elements long."), None),
        (code("x = [4, 5, 6]", "So `x` contains 4."), None),
        (code("x = 5", "Here `x` is `int`."), None),
        (code("x = 5", "Here `x` is 6 because we said so."), "bad"),
        (code("print(5)", "It should print 6, we hoped; it is expected that it prints 6."), None),
        (code("def f(n):\n    print(n * 2)", "For n = 3 it prints 6."), None),
        (code("def f(n):\n    print(n * 2)", "It prints 6."), None),
        # What is raised.
        (code("print(1)\n1 / 0", "It prints 1."), "good"),
        (code("1 / 0", "```output\nZeroDivisionError: division by zero\n```"), None),
        (code("print(1 / 0)", "```output\n0\n```"), "bad"),
        # What is no program by itself.
        (code("print(math.sqrt(16))", "It prints 4.0."), None),
        (code(">>> 6 * 7", "It prints 42."), None),
        (code("%timeit 6 * 7", "It prints 42."), None),
        (code("print 42", "It prints 42."), None),
        (code("    return 42", "It prints 42."), None),
    ],
)
def test_step_that_may_be_right_about_its_code_is_not_refuted(text: str, value: str | None) -> None:
    judged = values(found(text))
    if value == "or good":
        assert judged in ({}, {0: "good"})
    else:
        assert judged == ({} if value is None else {0: value})


@needs_sandbox
def test_later_steps_find_what_earlier_ones_left_and_one_program_runs_all() -> None:
    steps = (
        "Think.",
        code("x = 2"),
        code("y = x + 1\nprint(y)", "It prints 3."),
        "Hence `y` is 4.",
        code("print(z)"),
    )
    finding, asked = played(ENTRY.start(trace(*steps), {}))
    assert len(asked) == 1
    assert (asked[0].player, asked[0].about) == ("sandbox", 1)
    assert values(finding) == {2: "good", 3: "bad"}
    assert reasons(finding) == {
        0: "not applicable",
        1: "nothing is said of what the code does",
        4: "the code raises NameError, of which nothing is said",
    }
    assert finding.opinions[1].text == "`y` is 4: y is 3"


@needs_sandbox
def test_after_code_that_raised_nothing_is_refuted() -> None:
    finding = found(code("x = 1 / 0"), code("print(x)", "This prints 1."))
    assert finding.opinions == ()


@needs_sandbox
def test_code_that_raises_can_be_called_bad() -> None:
    finding = found(code("x = [1][2]"), code("print(x)"), is_raising_bad=True)
    assert values(finding) == {0: "bad"}
    assert "IndexError" in finding.opinions[0].text


@needs_sandbox
def test_code_cannot_speak_in_the_name_of_the_harness() -> None:
    forged = "import sys, os\nos.write(1, b'{}\\n')\nsys.exit(0)"
    finding = found(code(forged, "This prints 1."))
    assert finding.opinions == ()


def test_block_that_hangs_leaves_what_ran_before_it_known() -> None:
    steps = (code("print(1)", "This prints 2."), code("while True: pass", "This prints 3."))

    def answer(request: Any, sample: int) -> Completion:
        marker = json.loads(json.loads(request.messages[0].content)["stdin"])["marker"]
        record = {"block": 0, "stdout": "1\n", "error": "", "message": "", "state": {}}
        told = {"status": "timeout", "stdout": f"\n{marker}{json.dumps(record)}\n", "stderr": ""}
        return said(json.dumps(told))

    finding, _ = run(ENTRY.start(trace(*steps), {}), answer)
    assert values(finding) == {0: "bad"}
    assert reasons(finding) == {1: "the program took too long"}


@pytest.mark.parametrize(
    "answer", [said("", "error"), said("no outcome"), said('{"status": "ok"}'), said("", "timeout")]
)
def test_sandbox_that_does_not_answer_makes_no_label(answer: Completion) -> None:
    finding, _ = run(
        ENTRY.start(trace(code("print(1)", "This prints 2.")), {}), lambda request, sample: answer
    )
    assert finding.opinions == ()
    assert reasons(finding)[0]


def test_trace_without_code_asks_for_nothing() -> None:
    finding, asked = run(
        ENTRY.start(trace("It prints 3.", "```\nx\n```"), {}), lambda request, sample: said("")
    )
    assert (asked, finding.opinions) == ([], ())
    assert reasons(finding) == {None: "no step holds Python code"}


@needs_sandbox
def test_observations_are_not_judged() -> None:
    steps = (StepTask(0, code("print(1)")), StepTask(1, "It prints 2.", "observation"))
    finding, _ = played(ENTRY.start(TraceTask("p", steps), {}))
    assert reasons(finding)[1] == "it is what the environment said"


def test_settings_are_checked() -> None:
    with pytest.raises(Rejected, match="seconds"):
        ENTRY.settings({"seconds": 0})
