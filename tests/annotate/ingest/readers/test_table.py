from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any

import pytest

from annotate.enums import Outcome, RaterKind
from annotate.errors import Rejected
from annotate.ingest.columns import Columns
from annotate.ingest.drafts import BadRow, Row
from annotate.ingest.options import ReadOptions
from annotate.ingest.splitting import SplitMode
from tests.annotate.ingest.readers.reading import bad, one_trace, read, said, texts, written
from tests.annotate.ingest.readers.test_openai_messages import PNG

pyarrow = pytest.importorskip("pyarrow")

MAPPED = ReadOptions(
    split=SplitMode.SENTENCE,
    columns={
        "id": "nr",
        "problem": "frage",
        "text": "weg",
        "model": "wer",
        "outcome": "ok",
        "reference_answer": "a",
    },
    values={"ja": "right"},
)
ROW = {"nr": 7, "frage": "2 + 3?", "weg": "Add. It is 5.", "wer": "tiny", "ok": "ja", "a": 5, "set": "x"}


def parquet(folder: Path, rows: list[dict[str, Any]], **options: Any) -> Path:
    import pyarrow.parquet

    path = folder / "rows.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path, **options)
    return path


def arrow(folder: Path, rows: list[dict[str, Any]], *, is_stream: bool) -> Path:
    path, table = folder / f"rows-{is_stream}.arrow", pyarrow.Table.from_pylist(rows)
    with pyarrow.OSFile(str(path), "wb") as file:
        make = pyarrow.ipc.new_stream if is_stream else pyarrow.ipc.new_file
        with make(file, table.schema) as writer:
            writer.write_table(table)
    return path


def test_every_container_says_the_same(tmp_path: Path) -> None:
    csv = "nr,frage,weg,wer,ok,a,set\n7,2 + 3?,Add. It is 5.,tiny,ja,5,x\n"
    paths = [
        written(tmp_path, ROW),
        written(tmp_path, csv, name="rows.csv"),
        written(tmp_path, csv.replace(",", "\t"), name="rows.tsv"),
        parquet(tmp_path, [ROW]),
        arrow(tmp_path, [ROW], is_stream=True),
        arrow(tmp_path, [ROW], is_stream=False),
    ]
    for path in paths:
        draft = one_trace(path, "table", MAPPED)
        assert (draft.external_id, draft.problem.text, draft.problem.reference_answer) == ("7", "2 + 3?", "5")
        assert (draft.source_model, draft.outcome, draft.meta) == ("tiny", Outcome.RIGHT, {"set": "x"})
        assert texts(draft) == ["Add. ", "It is 5."]


def test_formats_known_by_their_fields_come_in_any_container(tmp_path: Path) -> None:
    row = {"prompt": "2 + 3?", "completions": ["Add.", "It is 6."], "labels": [True, False]}
    draft = one_trace(parquet(tmp_path, [row]), "trl_stepwise")
    assert said(draft.labels) == [(0, "good"), (1, "bad")]


def test_names_that_leave_no_doubt_need_no_mapping(tmp_path: Path) -> None:
    draft = one_trace(written(tmp_path, {"question": "2 + 3?", "solution": "Add.\n\nIt is 5."}), "table")
    assert texts(draft) == ["Add.\n\n", "It is 5."]
    field, reason = bad(written(tmp_path, {"question": "q", "prompt": "p", "solution": "a"}), "table")
    assert (field, "problem, question and prompt" in f"problem, {reason}") == (None, True)


def test_columns_may_lie_deeper_and_lists_stand_in_cells(tmp_path: Path) -> None:
    options = ReadOptions(columns={"problem": "data.q", "steps": "data.steps"})
    draft = one_trace(
        written(tmp_path, {"data": {"q": "2 + 3?", "steps": ["Add.", {"text": "5."}]}}), "table", options
    )
    assert texts(draft) == ["Add.\n\n", "5."]
    csv = 'problem,steps\n2 + 3?,"[""Add."", ""5.""]"\n'
    assert texts(one_trace(written(tmp_path, csv), "table")) == ["Add.\n\n", "5."]


def test_labels_come_in_where_somebody_says_whose_they_are(tmp_path: Path) -> None:
    row = {"problem": "p", "steps": ["a", "b", "c"], "marks": [1, "meh", None], "first": 2}
    path = written(tmp_path, row)
    options = ReadOptions(
        columns={"labels": "marks"}, values={"meh": "neutral"}, rater="r", rater_kind=RaterKind.PERSON
    )
    draft = one_trace(path, "table", options)
    assert (said(draft.labels), draft.labels[0].rater.kind) == (
        [(0, "good"), (1, "neutral")],
        RaterKind.PERSON,
    )
    for counts_from, expected in ((0, ["good", "good", "bad"]), (1, ["good", "bad"])):
        options = ReadOptions(columns={"first_error": "first"}, rater="r", counts_from=counts_from)
        assert [label.value for label in one_trace(path, "table", options).labels] == expected


@pytest.mark.parametrize(
    ("counts_from", "first", "values"),
    [
        (0, -1, ["good"] * 2),
        (1, -1, ["good"] * 2),
        (1, 0, ["good"] * 2),
        (0, 0, ["bad"]),
        (0, None, []),
        (0, "1", ["good", "bad"]),
    ],
)
def test_none_and_unknown_are_two_things(
    tmp_path: Path, counts_from: int, first: Any, values: list[str]
) -> None:
    options = ReadOptions(columns={"first_error": "e"}, rater="r", counts_from=counts_from)
    draft = one_trace(written(tmp_path, {"problem": "p", "steps": ["a", "b"], "e": first}), "table", options)
    assert [label.value for label in draft.labels] == values


@pytest.mark.parametrize(
    ("fields", "options", "field", "reason"),
    [
        ({"e": 1}, {"columns": {"first_error": "e"}, "counts_from": 0}, "e", "say whose these labels are"),
        ({"e": 1}, {"columns": {"first_error": "e"}, "rater": "r"}, "e", "count from 0 or from 1"),
        (
            {"e": 2},
            {"columns": {"first_error": "e"}, "rater": "r", "counts_from": 0},
            "e",
            "the steps are 0 to 1",
        ),
        (
            {"e": "x"},
            {"columns": {"first_error": "e"}, "rater": "r", "counts_from": 0},
            "e",
            "number of a step",
        ),
        ({"l": [0]}, {"columns": {"labels": "l"}, "rater": "r"}, "l[0]", "'0' stands for no level"),
        ({"l": [1] * 3}, {"columns": {"labels": "l"}, "rater": "r"}, "l", "3 entries for 2 steps"),
        ({"l": {"a": 1}}, {"columns": {"labels": "l"}, "rater": "r"}, "l", "must be a list"),
        ({"o": "perhaps"}, {"columns": {"outcome": "o"}}, "o", "must be one of"),
        ({"steps": "a"}, {}, "steps", "must be a list"),
        ({"steps": "[a"}, {}, "steps", "is no list in JSON"),
        ({"problem": ""}, {}, "problem", "is empty|holds no problem"),
        ({}, {"columns": {"problem": "absent"}}, "absent", "is empty"),
    ],
)
def test_what_the_mapping_does_not_find_is_refused_with_its_column(
    tmp_path: Path, fields: dict[str, Any], options: dict[str, Any], field: str, reason: str
) -> None:
    path = written(tmp_path, {"problem": "p", "steps": ["a", "b"]} | fields)
    found, why = bad(path, "table", ReadOptions(**options))
    assert found == field
    assert any(one in why for one in reason.split("|")), why


MATH = {"problem": "What?", "level": "Level 5", "type": "Algebra", "solution": "So $\\boxed{4}$."}


@pytest.mark.parametrize(
    "row",
    [
        MATH,
        {"problem": "What?", "solution": "So 4.", "answer": "4", "subject": "Algebra", "unique_id": "a/1"},
    ],
)
def test_solution_of_a_set_of_problems_is_not_taken_for_a_models(tmp_path: Path, row: dict[str, Any]) -> None:
    path = written(tmp_path, row)
    field, reason = bad(path, "auto")
    assert (field, "map text=solution" in reason) == ("solution", True)
    for options in (ReadOptions(columns={"text": "solution"}), ReadOptions(columns={"model": "by"})):
        draft = one_trace(written(tmp_path, row | {"by": "tiny"}), "table", options)
        assert texts(draft) == [row["solution"]]
    draft = one_trace(
        written(tmp_path, row | {"said": "4."}),
        "table",
        ReadOptions(columns={"text": "said", "reference_solution": "solution"}),
    )
    assert (draft.problem.reference_solution, texts(draft)) == (row["solution"], ["4."])


def test_what_an_instruction_is_about_is_part_of_the_problem(tmp_path: Path) -> None:
    row = {"instruction": "Add.", "input": "2 3", "output": "5"}
    draft = one_trace(written(tmp_path, row), "table")
    assert (draft.problem.text, draft.meta) == ("Add.\n\n2 3", {})
    assert one_trace(written(tmp_path, row | {"input": ""}), "table").problem.text == "Add."
    mapped = one_trace(written(tmp_path, row), "table", ReadOptions(columns={"problem": "instruction"}))
    assert (mapped.problem.text, mapped.meta) == ("Add.", {"input": "2 3"})


def test_column_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    mapped = ReadOptions(columns={"problem": "frage", "model": "modle"})
    field, reason = bad(written(tmp_path, "frage,text,model\nq,a,m\n"), "table", mapped)
    assert (field, reason) == (
        "modle",
        "there is no such column to map model to; there are frage, text, model",
    )
    for fields, column in (({"text": "a", "q": "p"}, "problem"), ({"problem": "p", "way": "a"}, "text")):
        options = ReadOptions(columns={column: "frage"})
        field, reason = bad(written(tmp_path, fields), "table", options)
        assert (field, "there is no such column; the row holds" in reason) == ("frage", True)
    # A cell that is empty is one that says nothing.
    draft = one_trace(
        written(tmp_path, "frage,text,model\nq,a,\n"),
        "table",
        ReadOptions(columns={"problem": "frage", "model": "model"}),
    )
    assert draft.source_model == ""


def test_mapping_to_what_is_no_field_is_refused() -> None:
    with pytest.raises(Rejected, match="stepz is no field of a trace") as caught:
        Columns(ReadOptions(columns={"stepz": "a"}))
    assert caught.value.field == "map"


def test_what_json_has_no_word_for(tmp_path: Path) -> None:
    import datetime
    import decimal

    row = {
        "problem": "p",
        "text": "a",
        "when": datetime.datetime(2026, 11, 29),
        "price": decimal.Decimal("1.50"),
        "score": math.nan,
        "image": {"bytes": PNG, "path": "a.png"},
    }
    draft = one_trace(parquet(tmp_path, [row]), "table", ReadOptions(columns={"images": "image"}))
    assert draft.meta == {"when": "2026-11-29T00:00:00", "price": "1.50", "score": None}
    assert [image.digest for image in draft.images] == [hashlib.sha256(PNG).hexdigest()]
    _, rows = read(parquet(tmp_path, [row | {"image": b"no image"}, row | {"image": PNG}]))
    assert [type(one) for one in rows] == [BadRow, Row]
    assert rows[0].field == "image"  # type: ignore[union-attr]


def test_rows_of_a_table_are_read_in_pieces_and_numbered(tmp_path: Path) -> None:
    rows = [{"problem": f"p{n}", "text": "" if n == 70 else "a"} for n in range(100)]
    _, found = read(parquet(tmp_path, rows, row_group_size=40))
    assert [row.line for row in found] == list(range(1, 101))
    assert [(row.line, row.field) for row in found if isinstance(row, BadRow)] == [(71, "text")]


def test_tables_that_cannot_be_read_say_so(tmp_path: Path) -> None:
    whole = parquet(tmp_path, [{"problem": "p", "text": "a"}]).read_bytes()
    assert "this Parquet file cannot be read" in bad(written(tmp_path, whole[:-20]), "table")[1]
    stream = arrow(tmp_path, [{"problem": "p", "text": "a"}], is_stream=True).read_bytes()
    assert "this Arrow file cannot be read" in bad(written(tmp_path, stream[:40]), "table")[1]


def test_parquet_that_unfolds_out_of_proportion_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from annotate.ingest import arrow_records

    monkeypatch.setattr(arrow_records, "EXPANSION_FREE_BYTES", 1 << 20)
    rows = [{"problem": "p", "text": " " * (1 << 20) + str(n)} for n in range(30)]
    path = parquet(tmp_path, rows, compression="zstd", use_dictionary=False)
    assert "expands more than 1000 times" in bad(path, "table")[1]


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_classes_are_read_by_their_names(tmp_path: Path, form: str) -> None:
    """As ``datasets`` keeps them: numbers, and the names beside the table."""
    datasets = pytest.importorskip("datasets")
    features = datasets.Features(
        {
            "question": datasets.Value("string"),
            "solution": datasets.Value("string"),
            "kind": datasets.ClassLabel(names=["algebra", "sums"]),
            "level": datasets.Value("int64"),
        }
    )
    columns = {
        "question": ["a?", "b?", "c?"],
        "solution": ["A.", "B.", "C."],
        "kind": [1, 0, None],
        "level": [1, 0, 1],
    }
    made = datasets.Dataset.from_dict(columns, features=features)
    path = tmp_path / f"in.{form}"
    if form == "parquet":
        made.to_parquet(str(path))
    else:
        made.save_to_disk(str(tmp_path / "saved"))
        (path,) = (tmp_path / "saved").glob("*.arrow")
    _, rows = read(path, "table")
    found = [row.draft.meta for row in rows if isinstance(row, Row) and hasattr(row.draft, "meta")]
    assert found == [
        {"kind": "sums", "level": 1},
        {"kind": "algebra", "level": 0},
        {"kind": None, "level": 1},
    ]
