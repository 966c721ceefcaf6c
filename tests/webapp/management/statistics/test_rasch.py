from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management.base import CommandError

from tests.annotate.stats.rasch.examples import drawn
from tests.paths import data_file
from tests.webapp.management.statistics.commands import a_file, run_stats, stats_as_json

COLUMNS = ("--item", "item", "--rater", "rater", "--criterion", "criterion", "--label", "label")
SMALL = ("--item", "item", "--rater", "worker", "--label", "label")


def a_table(folder: Path, **further: Any) -> Path:
    """Drawn ratings; ``further`` columns are functions of (rater, value)."""
    table = drawn(seed=41, n_items=30)
    lines = [",".join(("item", "rater", "criterion", "label", *further))]
    for item, rater, criterion, value in zip(
        table.item, table.rater, table.criterion, table.value, strict=True
    ):
        own = [str(make(int(rater), int(value))) for make in further.values()]
        lines.append(",".join((f"i{item}", f"r{rater}", f"c{criterion}", str(value), *own)))
    return a_file(folder, "\n".join(lines) + "\n")


def severities(found: Any) -> dict[str, float]:
    return {one["rater"]: one["severity"] for one in found["raters"]}


def test_one_object_with_a_list_for_every_facet(tmp_path: Path) -> None:
    found = stats_as_json("rasch", a_table(tmp_path), *COLUMNS)
    assert found["converged"] is True
    assert found["deviance"] == pytest.approx(-2 * found["log_likelihood"])
    assert (len(found["raters"]), len(found["criteria"]), len(found["items"])) == (6, 3, 30)
    assert [(one["lower"], one["upper"]) for one in found["thresholds"]] == [(0, 1), (1, 2), (2, 3)]
    first = found["raters"][0]
    for name in (
        "rater",
        "severity",
        "se",
        "infit",
        "outfit",
        "n",
        "infit_z",
        "outfit_z",
        "real_se",
        "reason",
    ):
        assert name in first
    assert sum(one["n"] for one in found["raters"]) == found["n_labels"] == 270
    assert sum(severities(found).values()) == pytest.approx(0, abs=1e-9)
    assert 0 < found["reliability"] < 1
    assert 0 < found["item_reliability"] < 1
    assert found["variance"] > 0
    assert [(one["facet"], one["n"]) for one in found["populations"]] == [("item", 30), ("rater", 6)]
    assert found["structure"]["connected"] is True
    assert found["summaries"]["rater"]["fixed"]["df"] == 5


@pytest.mark.parametrize("estimator", ["eb", "jmle", "mml"])
def test_figures_are_those_of_the_library(estimator: str) -> None:
    path = data_file("measurement_tests/sirt_ratings1/ratings_long.csv")
    columns = ("--item", "idstud", "--rater", "rater", "--criterion", "it", "--label", "x")
    found = stats_as_json("rasch", path, *columns, "--estimator", estimator)
    deviance = {"jmle": 2113.71003, "mml": 2573.24644}
    if estimator in deviance:
        assert found["deviance"] == pytest.approx(deviance[estimator], abs=1e-4)
    strict = {"eb": 1.00393, "jmle": 1.0468, "mml": 1.00393}
    close = 0.06 if estimator == "eb" else 1e-4
    assert severities(found)["db01"] == pytest.approx(strict[estimator], abs=close)
    assert (found["variance"] is None) == (estimator == "jmle")
    assert found["fit_statistics"] == ("plug-in" if estimator == "jmle" else "posterior-averaged")


def test_a_table_with_a_column_per_criterion(tmp_path: Path) -> None:
    path = data_file("raters/data.ratings2.csv")
    columns = ("--item", "idstud", "--rater", "rater", "--label", "k1,k2,k3,k4,k5")
    found = stats_as_json("rasch", path, *columns, "--estimator", "mml")
    assert found["deviance"] == pytest.approx(5771.9385, abs=0.001)
    assert (found["variance"], found["item_reliability"]) == pytest.approx((3.2237, 0.9184), abs=1e-3)
    assert [one["criterion"] for one in found["criteria"]] == ["k1", "k2", "k3", "k4", "k5"]
    small = a_file(tmp_path, "p,r,a,b\n1,x,0,1\n1,y,1,\n2,x,1,1\n2,y,zero,0\n")
    with pytest.raises(CommandError, match="labels are words"):
        run_stats("rasch", small, "--item", "p", "--rater", "r", "--label", "a,b")
    with pytest.raises(CommandError, match="each is a criterion"):
        run_stats("rasch", small, "--item", "p", "--rater", "r", "--label", "a,b", "--criterion", "r")
    with pytest.raises(CommandError, match="must differ"):
        run_stats("rasch", small, "--item", "p", "--rater", "r", "--label", "a,a")


def test_a_long_table_of_ptam4_is_the_wide_one() -> None:
    long, wide = data_file("raters/data.ptam4long.csv"), data_file("raters/data.ptam4.csv")
    columns = ("--item", "idstud", "--rater", "rater")
    one = stats_as_json(
        "rasch", long, *columns, "--criterion", "item", "--label", "value", "--estimator", "mml"
    )
    other = stats_as_json("rasch", wide, *columns, "--label", "crit2,crit3,crit4", "--estimator", "mml")
    assert one["deviance"] == pytest.approx(3450.6429, abs=0.001)
    assert severities(one) == pytest.approx(severities(other), abs=1e-6)


def test_without_json_there_is_something_to_read(tmp_path: Path) -> None:
    printed = run_stats("rasch", a_table(tmp_path), *COLUMNS, "--thresholds", "criterion")
    lines = printed.splitlines()
    assert lines[0] == "! 30 of 30 items have fewer than 10 ratings"
    places = [printed.index(f" r{rater} ") for rater in range(6)]
    found = severities(stats_as_json("rasch", a_table(tmp_path), *COLUMNS, "--thresholds", "criterion"))
    assert [f"r{rater}" for rater in np.argsort(places)] == sorted(found, key=lambda name: -found[name])
    assert "█" in printed
    assert "c1" in printed
    assert "0 → 1" in printed
    assert "reliability" in printed


def test_subsets_are_said_first(tmp_path: Path) -> None:
    rows = [(item, rater, (item + rater) % 3) for item in range(12) for rater in (0, 1)]
    text = "item,worker,label\n" + "".join(
        f"i{item},w{rater + 2 * (item >= 6)},{value}\n" for item, rater, value in rows
    )
    path = a_file(tmp_path, text)
    found = stats_as_json("rasch", path, *SMALL)
    assert found["structure"]["connected"] is False
    assert [one["subset"] for one in found["raters"]] == [0, 0, 1, 1]
    assert run_stats("rasch", path, *SMALL).startswith(
        "! items and raters fall into 2 subsets that share no rating"
    )


def test_a_fit_that_did_not_arrive_is_no_result(tmp_path: Path) -> None:
    path = a_table(tmp_path)
    found = stats_as_json("rasch", path, *COLUMNS, "--max-iter", 1)
    assert found["converged"] is False
    printed = run_stats("rasch", path, *COLUMNS, "--max-iter", 1)
    assert printed.startswith("! this is no result, the fit did not arrive: after 1 rounds")


def test_what_is_not_defined_is_null(tmp_path: Path) -> None:
    rows = "".join(f"{n},a,{n % 2}\n{n},b,{(n // 2) % 2}\n{n},c,1\n" for n in range(12))
    found = stats_as_json(
        "rasch", a_file(tmp_path, f"item,worker,label\n{rows}"), *SMALL, "--estimator", "jmle"
    )
    generous = found["raters"][2]
    assert (generous["rater"], generous["extreme"]) == ("c", 1)
    assert (generous["infit"], generous["displacement"], found["variance"]) == (None, None, None)
    assert "every rating is the highest" in generous["reason"]
    assert found["raters"][0]["reason"] is None


def test_weights_count_labels_more_than_once(tmp_path: Path) -> None:
    weighted = a_table(tmp_path, weight=lambda rater, value: 2 if rater == 1 else 1)
    found = stats_as_json("rasch", weighted, *COLUMNS, "--weight", "weight", "--estimator", "jmle")
    plain = stats_as_json("rasch", weighted, *COLUMNS, "--estimator", "jmle")
    one, other = found["raters"][1], plain["raters"][1]
    assert {one["rater"], other["rater"]} <= {f"r{n}" for n in range(6)}
    by_name = {entry["rater"]: entry for entry in found["raters"]}
    assert by_name["r1"]["weight"] == 2 * by_name["r1"]["n"]
    assert found["deviance"] > plain["deviance"]


def test_anchors_hold_and_say_what_they_are_off(tmp_path: Path) -> None:
    path = a_table(tmp_path)
    anchors = a_file(
        tmp_path,
        "facet,element,measure\nrater,r0,0.5\nrater,r1,-0.25\n"
        "threshold,all,-1\nthreshold,all,0\nthreshold,all,1.5\n",
        "anchors.csv",
    )
    found = stats_as_json("rasch", path, *COLUMNS, "--anchor", anchors, "--estimator", "jmle")
    raters = {one["rater"]: one for one in found["raters"]}
    assert (raters["r0"]["severity"], raters["r1"]["severity"]) == (0.5, -0.25)
    assert raters["r0"]["anchored"] is True
    assert raters["r0"]["displacement"] is not None
    assert raters["r2"]["displacement"] is None
    assert [one["threshold"] for one in found["thresholds"]] == [-1, 0, 1.5]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("facet,element,measure\njudge,r0,1\n", r"line 2, column facet: 'judge' is none of item, rater"),
        ("facet,element,measure\nrater,r0,x\n", r"line 2, column measure: 'x' is not a number"),
        ("facet,element,measure\nrater,r0,1\nrater,r0,2\n", r"line 3, column element: r0 has another"),
        ("facet,element,measure\nrater,zoe,1\n", r"--anchor: an anchor names 'zoe', which is no rater"),
        ("facet,element,measure\nrater,r0,\n", r"line 2, column measure: there is no measure"),
        ("facet,element,measure\nthreshold,all,1\n", r"--anchor: the scale 'all' needs 3 finite thresholds"),
        ("facet,element\nrater,r0\n", "has no column measure"),
        ("facet,element,measure\n", "there is no anchor"),
    ],
)
def test_bad_anchors_are_named(tmp_path: Path, text: str, message: str) -> None:
    anchors = a_file(tmp_path, text, "anchors.csv")
    with pytest.raises(CommandError, match=message):
        run_stats("rasch", a_table(tmp_path), *COLUMNS, "--anchor", anchors)


@pytest.mark.parametrize("estimator", ["eb", "jmle", "mml"])
def test_every_estimator_takes_anchors(tmp_path: Path, estimator: str) -> None:
    anchors = a_file(tmp_path, "facet,element,measure\nrater,r0,1\n", "anchors.csv")
    found = stats_as_json("rasch", a_table(tmp_path), *COLUMNS, "--anchor", anchors, "--estimator", estimator)
    first = next(one for one in found["raters"] if one["rater"] == "r0")
    assert (first["severity"], first["anchored"]) == (1.0, True)
    assert found["converged"]


def test_a_group_is_held_by_its_mean(tmp_path: Path) -> None:
    path = a_table(tmp_path)
    text = "facet,element,measure,group\nrater,r0,0.5,first\nrater,r1,0.1,first\nrater,r2,0,\n"
    anchors = a_file(tmp_path, text, "anchors.csv")
    found = stats_as_json("rasch", path, *COLUMNS, "--anchor", anchors, "--estimator", "jmle")
    raters = {one["rater"]: one for one in found["raters"]}
    assert (raters["r0"]["severity"] + raters["r1"]["severity"]) / 2 == pytest.approx(0.3, abs=1e-9)
    assert (raters["r0"]["anchored"], raters["r2"]["anchored"]) == (False, True)
    assert raters["r2"]["severity"] == 0
    with pytest.raises(CommandError, match="--anchor: only jmle takes groups"):
        run_stats("rasch", path, *COLUMNS, "--anchor", anchors)


def test_people_and_machines_are_told_apart(tmp_path: Path) -> None:
    path = a_table(tmp_path, kind=lambda rater, value: "people" if rater < 3 else "machines")
    found = stats_as_json("rasch", path, *COLUMNS, "--population", "kind")
    kinds = [(one["facet"], one["population"], one["n"]) for one in found["populations"]]
    assert sorted(kinds, key=str) == [("item", None, 30), ("rater", "machines", 3), ("rater", "people", 3)]
    assert {one["rater"]: one["population"] for one in found["raters"]}["r4"] == "machines"
    both = a_table(tmp_path, kind=lambda rater, value: value % 2)
    with pytest.raises(CommandError, match=r"column kind: r\d was '\d' before and is '\d' here"):
        run_stats("rasch", both, *COLUMNS, "--population", "kind")


def test_counts_of_rollouts_beside_grades(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    lines = ["item,worker,label,of"]
    for item in range(40):
        ability = rng.normal()
        for worker, shift in (("judge", 0.0), ("person", 0.5)):
            grade = int((ability - shift > 0.6) + (ability - shift > -0.6))
            lines.append(f"{item},{worker},{grade},")
        lines.append(f"{item},rollouts,{rng.binomial(16, 1 / (1 + np.exp(-ability)))},16")
    path = a_file(tmp_path, "\n".join(lines))
    found = stats_as_json("rasch", path, *SMALL, "--trials", "of")
    assert found["converged"] is True
    assert [(one["lower"], one["upper"]) for one in found["thresholds"]] == [(0, 1), (1, 2)]
    assert severities(found)["person"] > severities(found)["judge"]
    # The same counts as grades on a scale to 16 need sixteen thresholds.
    assert len(stats_as_json("rasch", path, *SMALL)["thresholds"]) > 10
    wrong = a_file(tmp_path, "item,worker,label,of\n1,a,3,4\n1,b,5,4\n", "wrong.csv")
    with pytest.raises(CommandError, match=r"line 3, column label: there are more successes than trials"):
        run_stats("rasch", wrong, *SMALL, "--trials", "of")
    with pytest.raises(CommandError, match="--levels: a count of trials is no level"):
        run_stats("rasch", wrong, *SMALL, "--trials", "of", "--levels", "1,2")
    half = a_file(tmp_path, "item,worker,label,of\n1,a,3,4\n\n1,b,2,4.5\n", "half.csv")
    with pytest.raises(CommandError, match=r"line 4, column of: must be a whole number"):
        run_stats("rasch", half, *SMALL, "--trials", "of")


def test_bad_input_is_one_line_that_names_the_place(tmp_path: Path) -> None:
    words = a_file(tmp_path, "item,worker,label\n1,a,good\n1,b,bad\n")
    with pytest.raises(CommandError, match="labels are words; --levels says their order"):
        run_stats("rasch", words, *SMALL)
    assert stats_as_json("rasch", words, *SMALL, "--levels", "bad,good")["n_labels"] == 2
    weights = a_file(tmp_path, "item,worker,label,w\n1,a,1,1\n1,b,2,-1\n")
    with pytest.raises(CommandError, match=r"line 3, column w: a weight must be a finite number >= 0"):
        run_stats("rasch", weights, *SMALL, "--weight", "w")
    nothing = a_file(tmp_path, "item,worker,label\n1,a,NA\n1,b,\n")
    with pytest.raises(CommandError, match="there is no label to fit"):
        run_stats("rasch", nothing, *SMALL)
    with pytest.raises(CommandError, match="--thresholds: criterion needs --criterion"):
        run_stats("rasch", weights, *SMALL, "--thresholds", "criterion")
    for option, value in (("--max-iter", 0), ("--tolerance", 0), ("--repeats", "each")):
        with pytest.raises(CommandError, match=option):
            run_stats("rasch", weights, *SMALL, option, value)
    extreme = a_file(tmp_path, "item,worker,label\n1,a,1\n2,a,1\n1,b,0\n2,b,0\n")
    with pytest.raises(CommandError, match="nothing but the lowest or the highest"):
        run_stats("rasch", extreme, *SMALL, "--estimator", "jmle")


def test_levels_keep_the_distance_of_what_nobody_gave(tmp_path: Path) -> None:
    rows = "".join(f"{n},a,{(n * 7) % 3 * 2}\n{n},b,{(n * 5 + n // 3) % 3 * 2}\n" for n in range(15))
    path = a_file(tmp_path, f"item,worker,label\n{rows}")
    assert [one["upper"] for one in stats_as_json("rasch", path, *SMALL)["thresholds"]] == [2, 4]
    kept = stats_as_json("rasch", path, *SMALL, "--levels", "0,1,2,3,4")
    assert kept["structure"]["unused"] == [{"scale": "all", "level": 1}, {"scale": "all", "level": 3}]
