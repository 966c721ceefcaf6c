from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from annotate.enums import RaterKind
from annotate.errors import Conflict, Rejected
from annotate.export.actions import build_release, export_project, export_run
from annotate.export.queries import release_folder
from annotate.label.answers import Said
from annotate.label.compared_review import decide_compared
from annotate.models import Label, Project, Release
from tests.annotate.export.decided import a_decided_project
from tests.factories import (
    a_comparing_project,
    a_criterion,
    a_lineup,
    a_pair,
    a_pair_label,
    a_person,
    a_rater,
    a_trace,
    some_attempts,
)

pytestmark = pytest.mark.django_db

PROMPT = "What is six times seven?"


def a_project_of_opinions(**pairs: str) -> Project:
    """Pairs by name with what Ann, Ben and so on said of each: l, t, r or u."""
    project = a_comparing_project(slug="fruit")
    raters = [a_rater(project, name=f"{name} Archer") for name in ("Ann", "Ben", "Cy")]
    words = {"l": "left", "t": "tie", "r": "right", "u": "unsure"}
    for name, said in pairs.items():
        pair = a_pair(*some_attempts(project, f"{name} left", f"{name} right"), external_id=name)
        for rater, letter in zip(raters, said, strict=False):
            a_pair_label(rater, pair, words[letter])
    return project


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_only_what_most_prefer_is_a_preference_and_the_rest_is_counted(tmp_path: Path) -> None:
    project = a_project_of_opinions(
        won="llr", lost="rr", tied="ttl", split="lr", plural="ltr", unsure="uu", one="r"
    )
    manifest = export_project(project, tmp_path / "out", format="preference")
    assert rows_of(tmp_path / "out/data/train.jsonl") == [
        {"prompt": PROMPT, "chosen": "won left", "rejected": "won right"},
        {"prompt": PROMPT, "chosen": "lost right", "rejected": "lost left"},
        {"prompt": PROMPT, "chosen": "one right", "rejected": "one left"},
    ]
    assert manifest["counts"] == {
        "compared": 7,
        "preferences_written": 3,
        "ties": 1,
        "disputed": 2,
        "too_few_votes": 0,
        "only_unsure": 1,
        "decided_by_reviewers": 0,
    }
    votes = {row["id"]: row for row in rows_of(tmp_path / "out/votes/train.jsonl")}
    assert {name: row["verdict"] for name, row in votes.items()} == {
        "won": "left",
        "lost": "right",
        "tied": "tie",
        "split": "disputed",
        "plural": "disputed",
        "unsure": "unsure",
        "one": "right",
    }
    assert votes["won"]["votes"] == {"left": 2, "tie": 0, "right": 1, "unsure": 0}
    assert not any(row["is_decided"] for row in votes.values())
    assert votes["won"]["by"][2] == {"rater": "person-003", "said": "right"}


def test_what_a_reviewer_decided_stands_whatever_most_said(tmp_path: Path) -> None:
    project = a_project_of_opinions(won="llr", split="lr")
    question = a_criterion(project, "preference").pk
    for name, value in (("won", "tie"), ("split", "right")):
        pair = project.pairs.get(external_id=name)
        [written] = decide_compared(pair, a_person("alice"), [Said(question, None, value, "Read again.")])
        assert written.refusal is None
    manifest = export_project(project, tmp_path / "out", format="preference")
    assert rows_of(tmp_path / "out/data/train.jsonl") == [
        {"prompt": PROMPT, "chosen": "split right", "rejected": "split left"}
    ]
    assert manifest["counts"]["decided_by_reviewers"] == 2
    votes = {row["id"]: row for row in rows_of(tmp_path / "out/votes/train.jsonl")}
    assert {name: (row["verdict"], row["is_decided"]) for name, row in votes.items()} == {
        "won": ("tie", True),
        "split": ("right", True),
    }
    # What people said is all there, and the reviewer is no further vote.
    assert votes["won"]["votes"] == {"left": 2, "tie": 0, "right": 1, "unsure": 0}


def test_more_votes_can_be_wanted(tmp_path: Path) -> None:
    project = a_project_of_opinions(won="llr", one="r")
    settings = {"min_votes": 2, "min_share": 0.6}
    manifest = export_project(project, tmp_path / "out", format="preference", settings=settings)
    assert manifest["counts"]["preferences_written"] == 1
    assert manifest["counts"]["too_few_votes"] == 1


def test_machines_and_gold_prefer_nothing_here(tmp_path: Path) -> None:
    project = a_project_of_opinions(won="l")
    pair = a_pair(*some_attempts(project, "machine left", "machine right"))
    for kind in (RaterKind.JUDGE, RaterKind.GOLD):
        a_pair_label(a_rater(project, kind), pair, "left")
    export_project(project, tmp_path / "out", format="preference")
    assert len(rows_of(tmp_path / "out/votes/train.jsonl")) == 1


def test_two_next_steps_follow_the_problem_and_their_beginning(tmp_path: Path) -> None:
    project = a_comparing_project()
    left = a_trace(project, texts=["So.\n", "6 · 7 = 42."])
    right = a_trace(project, texts=["So.\n", "6 · 7 = 41."], problem=left.problem)
    pair = a_pair(*(trace.steps.get(position=1) for trace in (left, right)))
    a_pair_label(a_rater(project), pair, "left")
    export_project(project, tmp_path / "out", format="preference")
    assert rows_of(tmp_path / "out/data/train.jsonl") == [
        {"prompt": f"{PROMPT}\n\nSo.\n", "chosen": "6 · 7 = 42.", "rejected": "6 · 7 = 41."}
    ]


def test_an_order_is_the_preferences_it_implies(tmp_path: Path) -> None:
    project = a_comparing_project(preset="ranking")
    lineup = a_lineup(*some_attempts(project, "one", "two", "three"))
    ann = a_rater(project)
    criterion = a_criterion(project, "ranking")
    Label.objects.create(rater=ann, criterion=criterion, lineup=lineup, value="c>a=b")
    manifest = export_project(project, tmp_path / "out", format="preference")
    pairs = {(row["chosen"], row["rejected"]) for row in rows_of(tmp_path / "out/data/train.jsonl")}
    assert pairs == {("three", "one"), ("three", "two")}
    assert manifest["counts"]["ties"] == 1
    # One person gave one order, whatever it implies.
    assert manifest["raters"] == [
        {"rater": "person-001", "kind": "person", "is_simulated": False, "labels": 1}
    ]


def test_a_release_has_no_consensus_and_can_be_made_again_later(tmp_path: Path) -> None:
    project = a_project_of_opinions(won="ll", other="l")
    first = build_release(project, folder=tmp_path, format="preference")
    assert (first.run, first.state) == (None, "published")
    a_pair_label(a_rater(project), a_pair(*some_attempts(project, "later", "latest")), "left")
    again = build_release(project, folder=tmp_path, format="preference", settings=first.settings)
    later = build_release(project, folder=tmp_path, format="preference")

    def bytes_of(release: Release) -> dict[str, bytes]:
        folder = release_folder(release, tmp_path)
        return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    assert bytes_of(again) == bytes_of(first)
    assert bytes_of(later) != bytes_of(first)


def test_the_card_says_how_it_was_decided_and_names_nobody(tmp_path: Path) -> None:
    project = a_project_of_opinions(won="llr", split="lr")
    export_project(project, tmp_path / "out", format="preference")
    card = (tmp_path / "out/README.md").read_text()
    for words in (
        "More than half of the people",
        "| disputed | 1 |",
        "person-001",
        "they may go in a circle",
    ):
        assert words in card
    assert "Archer" not in card
    export_project(project, tmp_path / "open", format="preference", settings={"is_anonymous": False})
    assert "Ann Archer" in (tmp_path / "open/votes/train.jsonl").read_text()


def test_trl_can_load_it(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    export_project(a_project_of_opinions(won="l"), tmp_path / "out", format="preference")
    cache = str(tmp_path / "cache")
    rows = datasets.load_dataset(str(tmp_path / "out"), "default", split="train", cache_dir=cache)
    assert rows.column_names == ["prompt", "chosen", "rejected"]
    votes = datasets.load_dataset(str(tmp_path / "out"), "votes", split="train", cache_dir=cache)
    assert votes[0]["verdict"] == "left"


def test_what_cannot_be_written_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Conflict, match="Nobody has answered"):
        export_project(a_comparing_project(), tmp_path / "out", format="preference")
    project = a_project_of_opinions(split="lr")
    with pytest.raises(Conflict, match="agree on no preference"):
        export_project(project, tmp_path / "out", format="preference")
    for settings, field in (
        ({"min_votes": 0}, "min_votes"),
        ({"min_share": 0.4}, "min_share"),
        ({"upto": -1}, "upto"),
        ({"criterion": "verdict"}, "criterion"),
    ):
        with pytest.raises(Rejected) as caught:
            export_project(project, tmp_path / "out", format="preference", settings=settings)
        assert caught.value.field == field
    with pytest.raises(Rejected, match="is made from a consensus"):
        export_project(project, tmp_path / "out", format="trl_stepwise")
    decided = a_decided_project(whole=("gg", "gg"))
    with pytest.raises(Rejected, match="not made from a consensus"):
        export_run(decided.run, tmp_path / "out", format="preference")
    assert not list(tmp_path.iterdir())
    assert not Release.objects.exists()
