"""Write ``argilla_first*``: records of Argilla's first version, by its client alone, which needs no server.

By hand, in an environment of its own: ``pip install argilla-v1 datasets``, then ``python write_argilla_first.py
FOLDER_OF_THIS_FILE``. Written by argilla-v1 1.29.1: ``format_as("datasets")`` as Parquet and JSON Lines, which is what
``push_to_huggingface`` sends, and the records themselves as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

ANN, BEN, CEM = (str(UUID(int=number)) for number in (1, 2, 3))


def dataset_of(rg: Any) -> Any:
    texts = [rg.TextField(name=name) for name in ("question", "first", "second", "third")]
    questions = [
        rg.RankingQuestion(name="order", values=["first", "second", "third"]),
        rg.RatingQuestion(name="clarity", values=[1, 2, 3, 4, 5], required=False),
        rg.LabelQuestion(name="verdict", labels=["good", "bad"], required=False),
        rg.MultiLabelQuestion(name="kinds", labels=["sign", "carry"], required=False),
        rg.TextQuestion(name="remark", required=False),
    ]
    return rg.FeedbackDataset(fields=texts, questions=questions)


def response(user: str, status: str, ranks: tuple[int, int, int], **more: Any) -> dict[str, Any]:
    order = [
        {"value": name, "rank": rank} for name, rank in zip(("first", "second", "third"), ranks, strict=True)
    ]
    values = {"order": {"value": order}} | {name: {"value": value} for name, value in more.items()}
    return {"user_id": user, "status": status, "values": values}


def records(rg: Any) -> list[Any]:
    answers = {"question": "What is 6 * 7?", "first": "42.", "second": "43.", "third": "It is 42."}
    order = [{"value": name, "rank": rank} for rank, name in enumerate(("third", "first", "second"), 1)]
    return [
        rg.FeedbackRecord(
            fields=answers,
            external_id="rank-1",
            metadata={"source": "made up"},
            responses=[
                response(ANN, "submitted", (1, 2, 1), remark="The second is off by one.", clarity=4),
                response(BEN, "submitted", (3, 1, 2), kinds=["carry"]),
                response(CEM, "draft", (1, 2, 3)),
            ],
            suggestions=[
                {"question_name": "order", "value": order, "agent": "critic", "score": [0.7, 0.2, 0.1]}
            ],
        ),
        rg.FeedbackRecord(fields=answers | {"question": "Nobody has answered this."}, external_id="rank-2"),
    ]


def write(folder: Path) -> None:
    import argilla_v1 as rg

    dataset = dataset_of(rg)
    dataset.add_records(records(rg))
    flat = dataset.format_as("datasets")
    flat.to_parquet(str(folder / "argilla_first.parquet"))
    flat.to_json(str(folder / "argilla_first.jsonl"))
    found = [json.loads(record.json()) for record in dataset.records]
    (folder / "argilla_first.json").write_text(json.dumps(found))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
