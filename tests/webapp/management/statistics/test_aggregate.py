from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management.base import CommandError

from annotate.stats.aggregate.registry import METHODS
from tests.paths import data_file
from tests.webapp.management.statistics.commands import a_file, run_stats, stats_as_json
from webapp.management.statistics import aggregate

COLUMNS = ("--item", "item", "--rater", "worker", "--label", "label")
TABLE = (
    "item,worker,label\n1,a,ok\n1,b,ok\n1,c,bad\n2,a,bad\n2,b,bad\n2,c,bad\n3,a,ok\n3,b,bad\n4,a,ok\n4,c,NA\n"
)


def test_one_json_object_with_an_entry_per_item(tmp_path: Path) -> None:
    found = stats_as_json("aggregate", a_file(tmp_path, TABLE), *COLUMNS, "--method", "dawid_skene")
    assert list(found)[:4] == ["converged", "log_likelihood", "accuracy", "reason"]
    assert found["converged"] is True
    assert found["log_likelihood"] < 0
    assert (found["accuracy"], found["reason"]) == (None, "no gold answer is given")
    assert [one["item"] for one in found["items"]] == ["1", "2", "3", "4"]
    assert set(found["items"][0]["posterior"]) == {"ok", "bad"}
    assert sum(found["items"][0]["posterior"].values()) == pytest.approx(1)
    assert found["items"][1]["label"] == "bad"


def test_ties_have_no_label_and_are_named(tmp_path: Path) -> None:
    found = stats_as_json("aggregate", a_file(tmp_path, TABLE), *COLUMNS, "--method", "majority")
    assert [one["label"] for one in found["items"]] == ["ok", "bad", None, "ok"]
    assert sorted(found["items"][2]["tied"]) == ["bad", "ok"]
    assert (found["n_tied"], found["log_likelihood"]) == (1, None)


def test_raters_have_accuracies_and_matrices_with_limits(tmp_path: Path) -> None:
    found = stats_as_json("aggregate", a_file(tmp_path, TABLE), *COLUMNS, "--smoothing", "0")
    (a, *_) = found["raters"]
    assert (a["rater"], a["n"]) == ("a", 4)
    assert a["low"] < a["accuracy"] < a["high"]
    cell = a["confusion"]["ok"]["ok"]
    assert cell["low"] <= cell["value"] <= cell["high"]


def test_gold_is_scored_and_known_answers_are_fitted_with(tmp_path: Path) -> None:
    labels = a_file(tmp_path, TABLE)
    gold = a_file(tmp_path, "item,label\n1,ok\n2,bad\n3,bad\n4,\n9,ok\n", "gold.csv")
    scored = stats_as_json("aggregate", labels, *COLUMNS, "--method", "majority", "--gold", gold)
    assert scored["accuracy"] == pytest.approx(2.5 / 3)
    assert (scored["gold"]["n"], scored["gold"]["n_not_labelled"], scored["gold"]["n_tied"]) == (3, 1, 1)
    assert scored["gold"]["low"] < scored["accuracy"] < scored["gold"]["high"]
    known = a_file(tmp_path, "item,label\n3,bad\n", "known.csv")
    fitted = stats_as_json("aggregate", labels, *COLUMNS, "--gold", gold, "--known", known)
    assert fitted["items"][2] | {"posterior": None} == {
        "item": "3",
        "label": "bad",
        "tied": [],
        "is_known": True,
        "posterior": None,
    }
    assert fitted["gold"]["n"] == 2


def test_the_only_other_column_of_a_gold_file_is_the_answer(tmp_path: Path) -> None:
    gold = a_file(tmp_path, "item\ttruth\n1\tok\n2\tok\n", "gold.tsv")
    found = stats_as_json("aggregate", a_file(tmp_path, TABLE), *COLUMNS, "--gold", gold)
    assert (found["accuracy"], found["gold"]["n"]) == (0.5, 2)


def test_numbers_are_compared_as_numbers(tmp_path: Path) -> None:
    labels = a_file(tmp_path, "item,worker,label\n1,a,1.0\n1,b,1\n2,a,2.0\n2,b,2\n")
    gold = a_file(tmp_path, "item,label\n1,1\n2,1.0\n", "gold.csv")
    found = stats_as_json("aggregate", labels, *COLUMNS, "--gold", gold)
    assert found["accuracy"] == 0.5


def test_bad_gold_is_said_by_file_line_and_column(tmp_path: Path) -> None:
    labels = a_file(tmp_path, TABLE)
    twice = a_file(tmp_path, "item,label\n1,ok\n1,bad\n", "twice.csv")
    with pytest.raises(CommandError, match=r"twice.csv, line 3, column label: 1 has another answer above"):
        run_stats("aggregate", labels, *COLUMNS, "--gold", twice)
    wide = a_file(tmp_path, "item,x,y\n1,ok,bad\n", "wide.csv")
    with pytest.raises(CommandError, match="has no column label"):
        run_stats("aggregate", labels, *COLUMNS, "--gold", wide)
    nameless = a_file(tmp_path, "item,label\n,ok\n", "nameless.csv")
    with pytest.raises(CommandError, match="line 2, column item: the id is missing"):
        run_stats("aggregate", labels, *COLUMNS, "--gold", nameless)
    with pytest.raises(CommandError, match=r"nowhere.csv: No such file"):
        run_stats("aggregate", labels, *COLUMNS, "--gold", tmp_path / "nowhere.csv")
    other = a_file(tmp_path, "item,label\n1,fine\n", "other.csv")
    with pytest.raises(CommandError, match="--known: the known answer 'fine' of '1'"):
        run_stats("aggregate", labels, *COLUMNS, "--known", other)


def test_weights_of_raters_come_from_a_file(tmp_path: Path) -> None:
    labels = a_file(tmp_path, TABLE)
    weights = a_file(tmp_path, "worker,weight\na,0.9\nb,0.6\nc,0.5\n", "weights.csv")
    arguments = ("aggregate", labels, *COLUMNS, "--method", "weighted")
    found = stats_as_json(*arguments, "--rater-weights", weights)
    assert found["items"][2]["label"] == "ok"
    with pytest.raises(CommandError, match="--rater-weights: weighted needs"):
        run_stats(*arguments)
    bad = a_file(tmp_path, "worker,weight\na,-1\n", "bad.csv")
    with pytest.raises(CommandError, match="line 2, column weight: must be a finite number"):
        run_stats(*arguments, "--rater-weights", bad)
    few = a_file(tmp_path, "worker,weight\na,1\n", "few.csv")
    with pytest.raises(CommandError, match="'b' has no weight"):
        run_stats(*arguments, "--rater-weights", few)


def test_every_method_runs_and_has_its_options_named(tmp_path: Path) -> None:
    assert set(aggregate._OPTIONS) == set(METHODS)
    labels = a_file(tmp_path, TABLE)
    for method in METHODS:
        if method != "weighted":
            # A Rasch model needs to know which level is the lower one.
            more = ("--levels", "bad,ok") if method == "mfrm" else ()
            found = stats_as_json("aggregate", labels, *COLUMNS, "--method", method, *more)
            assert found["method"] == method
    with pytest.raises(CommandError, match="--smoothing: glad has no such option"):
        run_stats("aggregate", labels, *COLUMNS, "--method", "glad", "--smoothing", "1")
    with pytest.raises(CommandError, match="--smoothing: must be a finite number"):
        run_stats("aggregate", labels, *COLUMNS, "--smoothing", "-1")


def test_one_level_is_said_to_leave_nothing_to_learn(tmp_path: Path) -> None:
    labels = a_file(tmp_path, "item,worker,label\n1,a,ok\n1,b,ok\n")
    with pytest.raises(CommandError, match="needs two levels"):
        run_stats("aggregate", labels, *COLUMNS, "--method", "mace")
    with pytest.raises(CommandError, match="no label to aggregate"):
        run_stats("aggregate", a_file(tmp_path, "item,worker,label\n1,a,\n"), *COLUMNS)


def test_each_criterion_has_a_model_of_its_own(tmp_path: Path) -> None:
    rows = ["item,worker,label,asked"]
    rows += [f"{item},{rater},{item % 2},clear" for item in range(6) for rater in "abc"]
    rows += [f"{item},{rater},{item % 3 + 5},true" for item in range(6) for rater in "abc"]
    labels = a_file(tmp_path, "\n".join(rows))
    gold = a_file(tmp_path, "item,asked,label\n1,clear,1\n1,true,5\n", "gold.csv")
    found = stats_as_json("aggregate", labels, *COLUMNS, "--criterion", "asked", "--gold", gold)
    assert [one["criterion"] for one in found["criteria"]] == ["clear", "true"]
    assert len(found["items"]) == 12
    assert found["items"][0]["criterion"] == "clear"
    assert found["accuracy"] == 0.5
    parts = [one["log_likelihood"] for one in found["criteria"]]
    assert found["log_likelihood"] == pytest.approx(sum(parts))
    assert "criterion true" in run_stats("aggregate", labels, *COLUMNS, "--criterion", "asked")


def test_repeats_are_readings_where_planned_and_slips_where_not(tmp_path: Path) -> None:
    arguments = (*COLUMNS, "--method", "majority")
    slip = a_file(tmp_path, "item,worker,label\n1,a,x\n1,a,x\n1,b,y\n2,a,y\n2,b,y\n", "slip.csv")
    first = stats_as_json("aggregate", slip, *arguments)
    assert first["items"][0]["label"] is None
    assert first["repeats"] == {"rule": "first", "has_repeats": False, "n_left_out": 1}
    assert "beyond the first do not count: 1." in run_stats("aggregate", slip, *arguments)
    kept = stats_as_json("aggregate", slip, *arguments, "--repeats", "keep")
    assert kept["items"][0]["label"] == "x"
    planned = a_file(tmp_path, "item,worker,label\n1,a,x\n1,a,x\n1,b,y\n2,a,y\n2,a,x\n2,b,y\n", "planned.csv")
    twice = stats_as_json("aggregate", planned, *arguments)
    assert twice["repeats"] == {"rule": "keep", "has_repeats": True, "n_left_out": 0}
    assert twice["items"][0]["label"] == "x"
    assert "each label counts" in run_stats("aggregate", planned, *arguments)
    with pytest.raises(CommandError, match="invalid choice: 'keep'"):
        run_stats("agreement", slip, *COLUMNS, "--repeats", "keep")


def test_without_json_there_are_tables_to_read(tmp_path: Path) -> None:
    printed = run_stats("aggregate", a_file(tmp_path, TABLE), *COLUMNS, "--method", "majority")
    assert "tied: bad, ok" in printed or "tied: ok, bad" in printed
    assert "raters, least accurate first" in printed
    assert "No accuracy: no gold answer is given." in printed


def test_a_real_crowd() -> None:
    labels, truth = data_file("crowd/rte/label.csv"), data_file("crowd/rte/truth.csv")
    found = stats_as_json("aggregate", labels, *COLUMNS, "--smoothing", "0", "--gold", truth)
    assert found["log_likelihood"] == pytest.approx(-3679.629036, abs=1e-6)
    assert found["accuracy"] == 0.9275
    votes = stats_as_json("aggregate", labels, *COLUMNS, "--method", "majority", "--gold", truth)
    assert votes["accuracy"] == 0.896875


def test_the_anaesthetists_as_they_stand_in_the_file() -> None:
    path = data_file("raters/anesthesia.csv")
    columns = ("--item", "item", "--rater", "rater", "--label", "rating")
    found = stats_as_json("aggregate", path, *columns, "--smoothing", "0")
    assert found["log_likelihood"] == pytest.approx(-190.730997, abs=1e-6)
    assert list(found["prevalence"].values()) == pytest.approx(
        [0.399969, 0.421576, 0.111788, 0.066667], abs=1e-6
    )
    assert found["raters"][0]["n"] == 135
