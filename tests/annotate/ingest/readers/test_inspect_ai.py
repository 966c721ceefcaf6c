from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from annotate.enums import Outcome
from annotate.ingest import archive
from annotate.ingest.drafts import BadRow, Row, TraceDraft
from tests.annotate.ingest.readers.examples import inspect_archive, inspect_log, inspect_sample
from tests.annotate.ingest.readers.reading import bad, one_trace, read, written


def test_json_and_archive_say_the_same(tmp_path: Path) -> None:
    one = one_trace(written(tmp_path, inspect_log()), "inspect_ai")
    assert one == one_trace(written(tmp_path, inspect_archive()), "inspect_ai")
    assert one == one_trace(written(tmp_path, inspect_archive(header="_journal/start.json")), "inspect_ai")
    assert (one.external_id, one.source_model, one.outcome) == ("sums:e1:1:1", "org/tiny-1", Outcome.RIGHT)
    assert (one.problem.text, one.problem.reference_answer) == ("2 + 3?", "5")
    assert [(step.kind.value, step.text.strip()) for step in one.steps] == [
        ("thought", "Hm."),
        ("action", '{"name": "add", "arguments": {"a": 2, "b": 3}}'),
        ("observation", "5"),
        ("action", "It is 5."),
    ]
    assert one.meta["inspect"]["scores"]["match"]["value"] == "C"
    assert "events" not in one.meta["inspect"]


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"value": "I"}, Outcome.WRONG),
        ({"value": 1}, Outcome.RIGHT),
        ({"value": 0.0}, Outcome.WRONG),
        ({"value": True}, Outcome.RIGHT),
        ({"value": 0.5}, None),
        ({"value": "N"}, None),
        ({"value": "C", "error": {"message": "x"}}, None),
        ({"scores": None}, None),
        ({"scores": None, "limit": {"type": "token"}}, Outcome.TRUNCATED),
        ({"scores": {"a": {"value": "C"}, "b": {"value": "I"}}}, None),
        ({"scores": {"a": {"value": "C"}, "b": {"value": 1}}}, Outcome.RIGHT),
    ],
)
def test_only_scores_that_agree_say_how_it_ended(
    tmp_path: Path, fields: dict[str, Any], outcome: Outcome | None
) -> None:
    assert (
        one_trace(written(tmp_path, inspect_log(inspect_sample(**fields))), "inspect_ai").outcome == outcome
    )


def test_bad_sample_costs_itself_alone(tmp_path: Path) -> None:
    samples = [inspect_sample(1), inspect_sample(2, messages=[]), inspect_sample(3)]
    for path in (
        written(tmp_path, inspect_log(*samples)),
        written(tmp_path, inspect_archive(*samples), name="a.eval"),
    ):
        _, rows = read(path)
        assert [type(row) for row in rows] == [Row, BadRow, Row]
        assert rows[1].field == "messages"  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["a\x00b", "half \ud800"])
def test_error_that_no_database_holds_is_told_without_it(tmp_path: Path, text: str) -> None:
    sample = inspect_sample(messages=[{"role": "user", "content": "2 + 3?"}], error={"message": text})
    field, reason = bad(written(tmp_path, inspect_log(sample)), "inspect_ai")
    assert (field, text in reason) == ("error", False)


def test_log_may_be_larger_than_memory_should_hold(tmp_path: Path) -> None:
    events = [{"event": "model", "filler": "x" * 1000}] * 20_000
    draft = one_trace(written(tmp_path, inspect_archive(inspect_sample(events=events))), "inspect_ai")
    assert isinstance(draft, TraceDraft)


def test_archive_that_unfolds_out_of_proportion_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "EXPANSION_FREE_BYTES", 1 << 20)
    bomb = written(tmp_path, inspect_archive(inspect_sample(metadata={"a": " " * (8 << 20)})))
    assert "expands more than 100 times" in bad(bomb, "inspect_ai")[1]


def test_broken_archives_and_members_are_told(tmp_path: Path) -> None:
    whole = inspect_archive()
    assert "cannot be read" in bad(written(tmp_path, whole[:60]), "inspect_ai")[1]
    spoilt = bytearray(whole)
    spoilt[whole.index(b"samples/") + 60] ^= 0xFF
    assert isinstance(read(written(tmp_path, bytes(spoilt)), "inspect_ai")[1][0], BadRow)
    assert "no header.json" in bad(written(tmp_path, inspect_archive(header="other.json")), "inspect_ai")[1]


def test_log_that_ends_in_the_middle_is_told(tmp_path: Path) -> None:
    text = json.dumps(inspect_log(inspect_sample(1), inspect_sample(2)))
    _, rows = read(written(tmp_path, text[: text.rindex("messages")]), "inspect_ai")
    assert [type(row) for row in rows] == [Row, BadRow]
    assert "the rest of the file was not read" in rows[1].reason  # type: ignore[union-attr]
