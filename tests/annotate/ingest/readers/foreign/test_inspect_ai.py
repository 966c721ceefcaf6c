"""Logs that Inspect 0.3.285 wrote of evaluations it ran (write_inspect_ai.py), as archives and as JSON."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from annotate.enums import Outcome
from annotate.errors import Rejected
from annotate.ingest import archive
from annotate.ingest.actions import ingest_file
from annotate.ingest.archive import ZSTANDARD, Archive
from annotate.ingest.drafts import BadRow, Row, TraceDraft
from annotate.models import Trace
from tests.annotate.ingest.readers.foreign import FOLDER
from tests.annotate.ingest.readers.reading import bad, one_trace, read
from tests.factories import a_project

if not hasattr(zipfile, "ZIP_ZSTANDARD"):
    pytest.importorskip("pyarrow")

FORMS = ["eval", "json.gz"]
ASKED = "Use the tool.\n\nWhat is 13 + 1? " + "Please use the tool for every sum. " * 12


def steps(draft: TraceDraft) -> list[tuple[str, str]]:
    return [(step.kind.value, step.text[: len(step.text) - step.tail]) for step in draft.steps]


def by_sample(path: Path) -> dict[str, Any]:
    """Drafts by sample and epoch; of what cannot be taken, field and reason."""
    name, rows = read(path)
    assert name == "inspect_ai"
    found: dict[str, Any] = {}
    for number, row in enumerate(rows):
        if isinstance(row, BadRow):
            found[f"bad {number}"] = (row.field, row.reason)
        else:
            assert isinstance(row, Row)
            assert isinstance(row.draft, TraceDraft)
            task, run, sample, epoch = row.draft.external_id.split(":")
            assert (task, len(run)) == ("sums", 22)
            found[f"{sample}:{epoch}"] = row.draft
    return found


@pytest.mark.parametrize("form", FORMS)
def test_turns_with_tools_their_errors_and_two_epochs(form: str) -> None:
    found = by_sample(FOLDER / f"inspect_ai_tools.{form}")
    reason = "the sample ended before the model said anything: RuntimeError('the solver broke')"
    assert [one for name, one in found.items() if name.startswith("bad")] == [("error", reason)] * 2
    assert sorted(name for name in found if not name.startswith("bad")) == ["2:1", "2:2", "easy:1", "easy:2"]
    for epoch in ("1", "2"):
        easy = found[f"easy:{epoch}"]
        assert steps(easy) == [
            ("thought", "First the sum."),
            ("action", '{"name": "add", "arguments": {"a": 2, "b": 3}}'),
            ("observation", "5"),
            ("thought", "The tool says 5."),
            ("action", "It is 5."),
        ]
        assert (easy.problem.text, easy.problem.reference_answer) == ("Use the tool.\n\nWhat is 2 + 3?", "5")
        assert (easy.source_model, easy.steps[2].meta["tool"]) == ("mockllm/model", "add")
        assert easy.meta["inspect"]["metadata"] == {"level": 1}
        # One scorer says C, the other 0.5.
        assert easy.outcome is None
        values = {name: score["value"] for name, score in easy.meta["inspect"]["scores"].items()}
        assert values == {"includes": "C", "brevity": 0.5}
        hard = found[f"2:{epoch}"]
        assert steps(hard) == [
            (
                "action",
                '[{"name": "add", "arguments": {"a": 13, "b": 1}}, '
                '{"name": "add", "arguments": {"a": 1, "b": 1}}]',
            ),
            ("observation", "Error: 13 is not added here."),
            ("observation", "2"),
            ("action", "It cannot be added here, but 1 + 1 is 2."),
        ]
        # A text of this length is kept aside in the log.
        assert (hard.problem.text, hard.problem.reference_answer) == (ASKED, None)


@pytest.mark.parametrize("form", FORMS)
def test_single_answers_with_their_outcomes(form: str) -> None:
    name, rows = read(FOLDER / f"inspect_ai_plain.{form}")
    assert name == "inspect_ai"
    found = [row.draft for row in rows if isinstance(row, Row)]
    assert [(one.problem.text, one.outcome, steps(one)) for one in found if isinstance(one, TraceDraft)] == [
        ("What is 1 + 1?", Outcome.RIGHT, [("thought", "2")]),
        ("What is 2 + 2?", Outcome.RIGHT, [("thought", "It is 4."), ("thought", "Yes.")]),
        ("What is 3 + 3?", Outcome.WRONG, [("thought", "7")]),
    ]


@pytest.mark.parametrize("form", FORMS)
def test_sample_that_a_limit_ended_is_truncated(form: str) -> None:
    draft = one_trace(FOLDER / f"inspect_ai_short.{form}", "inspect_ai")
    assert steps(draft) == [("action", '{"name": "add", "arguments": {"a": 2, "b": 3}}')]
    assert (draft.outcome, draft.meta["inspect"]["limit"]["type"]) == (Outcome.TRUNCATED, "message")


def test_archives_are_packed_with_zstandard() -> None:
    with ZipFile(FOLDER / "inspect_ai_tools.eval") as log:
        assert {member.compress_type for member in log.infolist()} == {ZSTANDARD}


def test_broken_member_costs_itself_alone(tmp_path: Path) -> None:
    path = tmp_path / "broken.eval"
    data = bytearray((FOLDER / "inspect_ai_plain.eval").read_bytes())
    place = data.index(b"samples/2_epoch_1.json") + 60
    data[place : place + 40] = bytes(40)
    path.write_bytes(data)
    _, rows = read(path)
    assert [type(row) for row in rows] == [Row, BadRow, Row]
    assert "cannot be read" in getattr(rows[1], "reason", "")


def test_archive_that_unfolds_out_of_proportion_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "EXPANSION_FREE_BYTES", 1 << 10)
    monkeypatch.setattr(archive, "MAX_EXPANSION", 2)
    found = Archive(FOLDER / "inspect_ai_tools.eval")
    with pytest.raises(Rejected, match="expands more than 2 times"), found.text("header.json") as text:
        text.read()
    found.close()


@pytest.mark.skipif(hasattr(zipfile, "ZIP_ZSTANDARD"), reason="this Python unpacks Zstandard by itself")
def test_without_pyarrow_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(archive, "import_module", missing)
    field, reason = bad(FOLDER / "inspect_ai_short.eval", "inspect_ai")
    assert (field, "needs pyarrow. Run: python3 manage.py setup export" in reason) == (None, True)


@pytest.mark.django_db
def test_log_comes_in_and_twice_is_once() -> None:
    project = a_project()
    report = ingest_file(project, FOLDER / "inspect_ai_tools.eval")
    # The second epoch answered word for word as the first: the same trace under another name.
    assert (report.format, report.created, report.rejected) == ("inspect_ai", 2, 4)
    assert [error.field for error in report.errors] == ["error", "id", "id", "error"]
    again = ingest_file(project, FOLDER / "inspect_ai_tools.eval")
    assert (again.created, again.unchanged, again.rejected) == (0, 2, 4)
    assert Trace.objects.filter(project=project).count() == 2
