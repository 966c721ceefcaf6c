from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from annotate.ingest.drafts import PairDraft
from annotate.ingest.options import ReadOptions
from annotate.ingest.splitting import SplitMode
from tests.annotate.ingest.readers.reading import bad, drafts, texts, written

ROW = {"id": "p1", "prompt": "2 + 3?", "chosen": "Add.\nIt is 5.", "rejected": "It is 6.", "source": "x"}


def a_pair(folder: Path, row: dict[str, Any], options: ReadOptions | None = None) -> PairDraft:
    (draft,) = drafts(written(folder, row), "preference", options or ReadOptions())
    assert isinstance(draft, PairDraft)
    return draft


def test_both_sides_are_traces_and_the_chosen_one_is_preferred(tmp_path: Path) -> None:
    pair = a_pair(tmp_path, ROW, ReadOptions(split=SplitMode.LINES))
    assert pair.name == "p1"
    # Known by what they say, whatever row they stand in.
    again = a_pair(tmp_path, ROW | {"id": "p2", "rejected": "7."}, ReadOptions(split=SplitMode.LINES))
    assert again.first.external_id == pair.first.external_id
    assert len({pair.first.external_id, pair.second.external_id, again.second.external_id}) == 3
    assert (texts(pair.first), texts(pair.second)) == (["Add.\n", "It is 5."], ["It is 6."])
    assert pair.first.problem.text == pair.second.problem.text == "2 + 3?"
    assert pair.first.meta == {"source": "x"}
    assert pair.label is not None
    assert (pair.label.criterion, pair.label.value, pair.label.is_optional) == ("preference", "left", True)


def test_messages_share_their_prompt(tmp_path: Path) -> None:
    asked, good, worse = (
        {"role": "user", "content": "2 + 3?"},
        {"role": "assistant", "content": "5"},
        {"role": "assistant", "content": "6"},
    )
    for row in (
        {"prompt": [asked], "chosen": [good], "rejected": [worse]},
        {"chosen": [asked, good], "rejected": [asked, worse]},
        {"prompt": "2 + 3?", "chosen": [good], "rejected": [worse]},
    ):
        pair = a_pair(tmp_path, row)
        assert (pair.first.problem.text, texts(pair.first), texts(pair.second)) == ("2 + 3?", ["5"], ["6"])
    other = {"role": "user", "content": "3 + 3?"}
    field, _ = bad(written(tmp_path, {"chosen": [asked, good], "rejected": [other, worse]}))
    assert field == "rejected"


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"prompt": None}, "prompt"), ({"chosen": ""}, "chosen"), ({"rejected": 3}, "rejected")],
)
def test_half_a_pair_is_refused(tmp_path: Path, fields: dict[str, Any], field: str) -> None:
    assert bad(written(tmp_path, ROW | fields))[0] == field
