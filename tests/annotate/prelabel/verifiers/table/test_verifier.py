from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.prelabel.contracts import Finding, StepTask, TraceTask
from annotate.prelabel.strategies import strategy_called
from annotate.prelabel.verifiers.table.claims import TableReader
from annotate.prelabel.verifiers.table.grid import Grid, grid_of
from tests.annotate.prelabel.answering import reasons, run, said, values

ENTRY = strategy_called("verifier/table")
MARKDOWN = """Which shop sells most?

| Shop | Unit Price | Items sold |
|------|-----------:|:----------:|
| North | $4.50 | 1,200 |
| South | 3 | 900 |
| East End | 5 | 150 |
"""
TABLE = {
    "columns": ["Shop", "Unit Price", "Items sold"],
    "rows": [["North", 4.5, 1200], ["South", 3, 900], ["East End", 5, 150]],
}


def found(*texts: str, problem: str = MARKDOWN, meta: Any = None) -> Finding:
    task = TraceTask(problem, tuple(StepTask(i, text) for i, text in enumerate(texts)), meta=meta or {})
    finding, asked = run(ENTRY.start(task, {}), lambda request, sample: said(""))
    assert asked == []
    return finding


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("The unit price of North is $4.50.", "good"),
        ("The unit price of North is $4.52.", None),
        ("The unit price of North is $5.40.", "bad"),
        ("South's items sold are 900.", "good"),
        ("South's items sold are 1,200.", "bad"),
        ("East End has a unit price of 5.", "good"),
        ("East End has a unit price of 3.", "bad"),
        ("The total items sold is 2,250.", "good"),
        ("The total of the items sold is 2,350.", "bad"),
        ("The average unit price is 4.17.", "good"),
        ("The mean unit price = 3.5", "bad"),
        ("The highest unit price is 5.", "good"),
        ("The highest unit price is East End.", "good"),
        ("North has the highest unit price.", "bad"),
        ("South has the lowest unit price.", "good"),
        ("The minimum items sold is 900.", "bad"),
        ("The table has 3 rows.", "good"),
        ("The table has 7 rows.", "bad"),
        ("We look at the column `Items sold`.", "good"),
        ("We look at the 'Revenue' column.", None),
        ("We look at the column 'Revenue'.", "bad"),
    ],
)
@pytest.mark.parametrize("source", ["markdown", "meta"])
def test_what_a_step_says_of_the_table_is_held_against_it(text: str, value: str | None, source: str) -> None:
    finding = found(text) if source == "markdown" else found(text, problem="p", meta={"table": TABLE})
    assert values(finding) == ({} if value is None else {0: value})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "North is a shop.",
        "The total items sold of the two largest is 2,100.",
        "Among shops with a price below 5, the total items sold is 2,100.",
        "We filter the rows. The total items sold is 2,100.",
        "If the unit price of North is 9, we lose.",
        "The unit price of North is 9 times two?",
        "The unit price of North is 450%.",
        "The unit price of West is 9.",
        "The table has 4 rows.",
        "We add a column 'Revenue'.",
        "The difference in unit price is 9.",
        "The unit price of North is about 4.",
    ],
)
def test_what_may_speak_of_something_else_is_silence(text: str) -> None:
    assert found(text).opinions == ()


def test_row_that_is_named_twice_refutes_nothing() -> None:
    table = {"columns": ["Shop", "Price"], "rows": [["A1x", 1], ["A1x", 2]]}
    finding = found("The price of A1x is 3.", "The price of A1x is 2.", problem="p", meta={"table": table})
    assert values(finding) == {1: "good"}


@pytest.mark.parametrize(
    "meta",
    [
        {},
        {"table": []},
        {"table": "no table"},
        {"table": {"columns": ["a"], "rows": [[1, 2]]}},
        {"table": {"columns": "ab", "rows": [[1, 2]]}},
        {"table": {"columns": ["a", "b"], "rows": ["xy"]}},
        {"table": [{"a": 1}, {"b": 2}]},
        {"table": 3},
    ],
)
def test_without_a_table_nothing_applies(meta: dict[str, Any]) -> None:
    assert reasons(found("The total is 3.", problem="No table here.", meta=meta)) == {
        None: "the problem has no table"
    }


def test_rows_as_objects_are_a_table() -> None:
    assert grid_of({"table": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]}, "") == Grid(
        ("a", "b"), ((1, "x"), (2, "y"))
    )


def test_two_tables_in_one_problem_are_none() -> None:
    assert grid_of({}, MARKDOWN + "\n" + MARKDOWN) is None


@pytest.mark.parametrize("word", ["Total", "**Total**", "Grand total", "Average"])
def test_table_that_sums_itself_up_refutes_nothing_about_all_rows(word: str) -> None:
    table = f"| Shop | Price |\n|---|---|\n| North | 40 |\n| South | 30 |\n| {word} | 70 |\n"
    said_of_all = ("The total price is 70.", "North has the highest price.", "The average price is 35.")
    assert found(*said_of_all, problem=table).opinions == ()
    assert values(found("The price of North is 55.", problem=table)) == {0: "bad"}


def test_total_may_be_of_prices_and_quantities() -> None:
    table = "| Item | Price | Quantity |\n|---|---|---|\n| Pen | 2 | 10 |\n| Cup | 5 | 4 |\n"
    finding = found(
        "The total price is $40.", "The total price is $7.", "The total price is $55.", problem=table
    )
    assert values(finding) == {1: "good", 2: "bad"}


@pytest.mark.parametrize(
    ("cell", "near", "wrong"),
    [
        ("4.5", "4,500,000", "4,600"),
        ("45%", "0.45", "0.55"),
        ("May 5, 2020", '"2020-05-05"', '"2021-05-05"'),
        ("United States of America", '"USA"', '"UK"'),
        ("10", "16.1", "17"),
        ("20", "68", "78"),
        ("n/a", "5", ""),
    ],
)
def test_value_in_another_spelling_or_unit_is_not_refuted(cell: str, near: str, wrong: str) -> None:
    table = {"columns": ["Shop", "Measure"], "rows": [["North", cell]]}
    assert found(f"The measure of North is {near}.", problem="p", meta={"table": table}).opinions == ()
    if wrong:
        finding = found(f"The measure of North is {wrong}.", problem="p", meta={"table": table})
        assert values(finding) == {0: "bad"}


@given(cells=st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=8), slip=st.integers(0, 1))
def test_every_total_is_decided(cells: list[int], slip: int) -> None:
    rows = tuple((f"name{'x' * place}", value) for place, value in enumerate(cells))
    wrong = sum(cells) + slip * (abs(sum(cells)) + 10)
    (claim,) = TableReader(Grid(("name", "score"), rows)).claims(f"The total score is {wrong}.")
    # Now and then a wrong total is a right one in another unit, or a sum of squares.
    assert claim.status in (("refuted", "unclear") if slip else ("supported",))


@given(st.text(max_size=80), st.lists(st.text(max_size=6), min_size=1, max_size=4))
def test_no_text_and_no_names_break_the_reader(text: str, columns: list[str]) -> None:
    TableReader(Grid(tuple(columns), (tuple(columns),))).claims(text)
