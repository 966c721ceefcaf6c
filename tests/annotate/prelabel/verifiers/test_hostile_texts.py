"""No step of 20,000 characters may hold a verifier up; the bound is generous, as machines are busy."""

from __future__ import annotations

import time

import pytest

from annotate.prelabel.checking.code_blocks import blocks
from annotate.prelabel.contracts import StepTask, TraceTask
from annotate.prelabel.strategies import strategy_called
from annotate.prelabel.verifiers.python_exec.claims import Ran, claims
from tests.annotate.prelabel.answering import run, said

LENGTH = 20_000
BOUND_S = 5.0


def filled(unit: str) -> str:
    return (unit * (LENGTH // len(unit) + 1))[:LENGTH]


TEXTS = {
    "unclosed quotes": filled('"'),
    "quoted columns": filled("column '"),
    "column names that never end": filled('the column "'),
    "signs of equality": filled("="),
    "chain of ones": filled("1="),
    "chain of rewritings": filled("(x+1)^2 = "),
    "true sums": filled("1+1=2, "),
    "wrong sums": filled("1+1=3, "),
    "open brackets": filled("("),
    "closed brackets": "(" * 9_990 + "1" + ")" * 9_990,
    "one long number": "1 + 1 = " + "9" * (LENGTH - 8),
    "towers of powers": filled("9**9**9 = "),
    "open fractions": filled(r"\frac{1}{"),
    "nested fractions": r"\frac{1}{" * 1_500 + "1" + "}" * 1_500,
    "nested roots": filled(r"\sqrt{"),
    "deep JSON lists": "[" * 9_990 + "]" * 9_990,
    "deep JSON objects": '{"a":' * 3_000 + "1" + "}" * 3_000,
    "open fences": filled("```python\n"),
    "open calls": filled("<tool_call>"),
    "blank lines": filled(" \n"),
    "rows of a table": filled("|a|b|\n|--|--|\n"),
    "a rule that never ends": filled("|--"),
    "keys without values": filled("the price of "),
    "values of keys": filled("price 1 is 4 "),
    "values of cells": filled("the unit price of North is 4 "),
    "wrong totals": filled("The total unit price is 4. "),
    "extremes": filled("North has the lowest "),
    "possessives": filled("North's "),
    "signs in a row": "1 = " + filled("-")[4:],
    "solutions without end": filled("2x = 4 so x = 3, "),
}
ABOUT_CODE = (
    filled("prints `"),
    filled("prints 1 "),
    filled("`x` is 1 "),
    filled("raises "),
    "It prints `" + "[" * 9_000 + "]" * 9_000 + "`.",
    "`x` is `" + "-" * 19_000 + "1`.",
    "`x` is `9**9**9`.",
)
TABLE = {
    "columns": ["Shop", "Unit Price", "Items sold"],
    "rows": [[f"North {number}" if number else "North", 4.5, number] for number in range(500)],
}
TOOLS = [{"name": "price", "parameters": {"type": "object", "properties": {"of": {"type": "string"}}}}]
OBSERVED = "{" + ", ".join(f'"price {number}": {number}' for number in range(500)) + "}"


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
@pytest.mark.parametrize("verifier", ["arithmetic", "algebra", "table", "tool_call"])
def test_hostile_step_is_read_in_time(verifier: str, text: str) -> None:
    steps = (StepTask(0, OBSERVED, "observation"), StepTask(1, text, "action"), StepTask(2, text))
    task = TraceTask("A problem.", steps, meta={"table": TABLE, "tools": TOOLS})
    assert seconds(verifier, task) < BOUND_S


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
@pytest.mark.parametrize("verifier", ["arithmetic", "algebra", "table", "tool_call"])
def test_hostile_problem_and_observation_are_read_in_time(verifier: str, text: str) -> None:
    steps = (StepTask(0, text, "observation"), StepTask(1, "The price is 4."))
    assert seconds(verifier, TraceTask(text, steps)) < BOUND_S


@pytest.mark.parametrize("text", [*TEXTS.values(), *ABOUT_CODE])
def test_hostile_words_about_code_are_read_in_time(text: str) -> None:
    ran = Ran("x = 1\nprint(x)", "1\n", "", "", {"x": "1"})
    started = time.process_time()
    found = claims(blocks(text), ran)
    assert time.process_time() - started < BOUND_S
    assert {claim.status for claim in found} <= {"supported", "refuted", "unclear"}


def seconds(verifier: str, task: TraceTask) -> float:
    """Processor time, and proof that every step is spoken of or the trace as a whole is."""
    entry = strategy_called(f"verifier/{verifier}")
    started = time.process_time()
    finding, _ = run(entry.start(task, {}), lambda request, sample: said("", "error"))
    taken = time.process_time() - started
    told = {part.position for part in (*finding.opinions, *finding.silences)}
    assert told == {None} or told >= {step.position for step in task.steps}
    return taken
