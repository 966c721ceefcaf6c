from __future__ import annotations

from pathlib import Path
from typing import Any

from annotate.enums import RaterKind
from annotate.ingest.options import ReadOptions
from tests.annotate.ingest.readers.examples import langfuse
from tests.annotate.ingest.readers.reading import bad, one_trace, read, written


def steps(draft: Any) -> list[tuple[str, str]]:
    return [(step.kind.value, step.text[: len(step.text) - step.tail]) for step in draft.steps]


def test_generations_are_one_conversation_and_scores_labels(tmp_path: Path) -> None:
    draft = one_trace(written(tmp_path, langfuse()), "langfuse")
    assert (draft.external_id, draft.source_model, draft.meta["name"]) == ("lf-1", "tiny-1", "agent")
    assert [kind for kind, _ in steps(draft)] == ["action", "observation", "action"]
    assert [
        (label.criterion, label.position, label.value, label.rater.name, label.rater.kind)
        for label in draft.labels
    ] == [
        ("verdict", 2, "good", "langfuse/ann", RaterKind.PERSON),
        ("helpful", None, "yes", "langfuse/eval/helpful", RaterKind.JUDGE),
    ]
    assert all(label.is_optional for label in draft.labels)


def test_download_keeps_the_trace_apart_and_mapping_says_what_a_score_is(tmp_path: Path) -> None:
    row = langfuse()
    observations, scores = row.pop("observations"), row.pop("scores")
    download = {"trace": row, "observations": observations, "scores": scores}
    options = ReadOptions(columns={"result": "helpful"}, values={"yes": "success"})
    draft = one_trace(written(tmp_path, download), "langfuse", options)
    assert draft.external_id == "lf-1"
    assert (draft.labels[1].criterion, draft.labels[1].value, draft.labels[1].is_optional) == (
        "result",
        "success",
        False,
    )


def test_rows_of_observations_are_put_together(tmp_path: Path) -> None:
    rows = [
        {
            "trace_id": "lf-1",
            "start_time": one["startTime"],
            "provided_model_name": one.get("model"),
            **{name: one[name] for name in ("id", "type", "name", "input", "output") if name in one},
        }
        for one in langfuse()["observations"]
    ]
    draft = one_trace(written(tmp_path, *rows), "langfuse")
    assert (len(draft.steps), draft.source_model) == (3, "tiny-1")
    _, (row,) = read(written(tmp_path, rows[3], rows[3]), "langfuse")
    assert "holds no generation" in getattr(row, "reason", "")


def test_plain_texts_are_what_was_asked_and_answered(tmp_path: Path) -> None:
    row = {
        "id": "t",
        "observations": [{"id": "o", "type": "GENERATION", "input": "2 + 3?", "output": "It is 5."}],
    }
    draft = one_trace(written(tmp_path, row), "langfuse")
    assert (draft.problem.text, steps(draft)) == ("2 + 3?", [("thought", "It is 5.")])


def test_trace_without_generations_is_told(tmp_path: Path) -> None:
    assert bad(written(tmp_path, {"id": "t", "observations": []}), "langfuse")[0] == "observations"
    assert bad(written(tmp_path, {"id": "o", "type": "GENERATION"}), "langfuse")[0] == "traceId"


def test_value_that_stands_for_nothing_is_not_wrong(tmp_path: Path) -> None:
    row = langfuse()
    row["scores"][0]["value"] = 0
    field, reason = bad(written(tmp_path, row))
    assert (field, "'0' stands for no level" in reason) == ("scores[0].value", True)


def test_failure_that_no_database_holds_is_told_without_it(tmp_path: Path) -> None:
    failed = {"id": "o", "type": "GENERATION", "level": "ERROR", "statusMessage": "a\x00b", "output": None}
    field, reason = bad(written(tmp_path, {"id": "t", "observations": [failed]}), "langfuse")
    assert (field, "NUL" in reason) == ("observations[0].statusMessage", True)
