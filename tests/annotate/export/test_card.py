from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from annotate.enums import RaterKind
from annotate.errors import Rejected
from annotate.export.card import Facts, Measure, creators, render_card, size_category
from annotate.export.contracts import ExportSettings, RaterRow, Split

ANN = RaterRow(1, "person-001", "Ann", RaterKind.PERSON, False, 1200)
BOT = RaterRow(2, "person-002", "Bot", RaterKind.PERSON, True, 7)
JUDGE = RaterRow(3, "judge/one@v1", "judge/one@v1", RaterKind.JUDGE, False, 7)
GOLD = RaterRow(4, "gold/key", "gold/key", RaterKind.GOLD, False, 7)
DESK = RaterRow(5, "review", "review", RaterKind.REVIEW, False, 7)

FACTS = Facts(
    title='Sums: "easy" | hard',
    description="About sums.",
    format_title="Steps",
    task="token-classification",
    criterion="Verdict",
    policy_title="Most raters agree",
    policy={"policy": "majority", "min_votes": 1},
    settings=ExportSettings(licence="cc-by-4.0", people="crowdsourced"),
    rows=1500,
    splits=(Split("default", "data/train.jsonl", is_default=True),),
    raters=(ANN, BOT),
    measures=(),
    funnel=(),
    limits=("A limit.",),
)


def head_of(card: str) -> dict[str, object]:
    return yaml.safe_load(card.split("---\n")[1])


def test_the_head_is_what_the_hub_reads():
    assert head_of(render_card(FACTS)) == {
        "license": "cc-by-4.0",
        "pretty_name": 'Sums: "easy" | hard',
        "task_categories": ["token-classification"],
        "annotations_creators": ["crowdsourced", "machine-generated"],
        "size_categories": ["1K<n<10K"],
        "tags": ["process-reward-model", "reasoning", "step-level-labels", "gradus"],
        "configs": [
            {
                "config_name": "default",
                "default": True,
                "data_files": [{"split": "train", "path": "data/train.jsonl"}],
            }
        ],
    }


def test_simulated_people_are_machines_and_said_to_be():
    card = render_card(FACTS)

    assert "| person-002 | person (simulated) | 7 |" in card
    assert "a program made their labels" in card
    assert "a program made their labels" not in render_card(replace(FACTS, raters=(ANN,)))


@pytest.mark.parametrize(
    ("raters", "expected"),
    [
        ([], ["no-annotation"]),
        ([ANN], ["expert-generated"]),
        ([BOT], ["machine-generated"]),
        ([JUDGE, ANN], ["expert-generated", "machine-generated"]),
        ([GOLD], ["other"]),
        ([DESK], ["expert-generated"]),
    ],
)
def test_creators_are_named_by_what_the_raters_are(raters, expected):
    assert creators(raters, "expert-generated") == expected


@pytest.mark.parametrize(
    ("rows", "category"), [(1, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (10**9, "n>100M")]
)
def test_size_categories_have_the_hubs_bounds(rows, category):
    assert size_category(rows) == category


def test_estimates_come_with_interval_and_n_and_the_missing_stay_missing():
    measures = (
        Measure("alpha_people", "all", 0.7234, 0.66, 0.78, 412),
        Measure("alpha_all", "all", None, None, None, 3),
    )

    card = render_card(replace(FACTS, measures=measures))

    assert "| alpha people | all | 0.72 (0.66–0.78) | 412 |" in card
    assert "| alpha all | all | not enough data to say | 3 |" in card
    assert "Not measured." in render_card(FACTS)


def test_text_from_outside_cannot_break_a_table_or_the_head():
    rater = replace(JUDGE, name="a|b\n---\nc")
    card = render_card(replace(FACTS, raters=(rater,), title="x\n---\ny"))

    assert "| a\\|b --- c | judge | 7 |" in card
    assert head_of(card)["pretty_name"] == "x\n---\ny"


@pytest.mark.parametrize("licence", ["", "cc by", "x\n---", "mit:"])
def test_a_licence_that_is_no_identifier_is_refused(licence):
    with pytest.raises(Rejected) as refusal:
        ExportSettings(licence=licence)
    assert refusal.value.field == "licence"
