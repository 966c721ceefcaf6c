from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management.base import CommandError

from tests.paths import data_file
from tests.webapp.management.statistics.commands import a_file, run_stats, stats_as_json
from webapp.management.statistics.agreement import STATISTICS

COLUMNS = ("--item", "item", "--rater", "worker", "--label", "label")
TABLE = "item,worker,label\n1,a,1\n1,b,1\n2,a,2\n2,b,3\n3,a,3\n3,b,3\n4,a,1\n4,b,2\n5,a,NA\n5,b,\n"


def test_alpha_and_its_interval_as_one_json_object(tmp_path: Path) -> None:
    found = stats_as_json("agreement", a_file(tmp_path, TABLE), *COLUMNS, "--level", "ordinal", "--seed", 3)
    assert found["alpha"] == pytest.approx(0.7083, abs=5e-5)
    assert found["low"] < found["alpha"] < found["high"]
    assert (found["percent"], found["n_items"], found["n_labels"]) == (0.5, 4, 8)


def test_without_json_there_is_a_table_to_read(tmp_path: Path) -> None:
    printed = run_stats("agreement", a_file(tmp_path, TABLE), *COLUMNS, "--level", "ordinal")
    assert "Krippendorff's alpha" in printed
    assert "0.7083" in printed


def test_identical_labels_leave_alpha_open_with_a_reason(tmp_path: Path) -> None:
    text = "item,worker,label\n1,a,ok\n1,b,ok\n2,a,ok\n2,b,ok\n"
    found = stats_as_json("agreement", a_file(tmp_path, text), *COLUMNS)
    assert (found["alpha"], found["low"], found["high"], found["percent"]) == (None, None, None, 1.0)
    assert "without variation" in found["reason"]


def test_bad_input_is_one_line_that_names_the_place(tmp_path: Path) -> None:
    path = a_file(tmp_path, "item,worker,label\n1,a,1\n1,b,7\n,c,1\n")
    with pytest.raises(CommandError, match=r"line 4, column item: the id is missing"):
        run_stats("agreement", path, *COLUMNS)
    path = a_file(tmp_path, "item,worker,label\n1,a,1\n1,b,7\n")
    with pytest.raises(CommandError, match=r"line 3, column label: 7 is not one of the levels \[1, 2\]"):
        run_stats("agreement", path, *COLUMNS, "--levels", "1,2")
    with pytest.raises(CommandError, match="has no columns worker, label"):
        run_stats("agreement", a_file(tmp_path, "item,w\n1,2\n"), *COLUMNS)


def test_every_statistic_stands_by_its_name(tmp_path: Path) -> None:
    found = stats_as_json(
        "agreement", a_file(tmp_path, TABLE), *COLUMNS, "--statistic", "all", "--resamples", 50
    )
    assert set(found["statistics"]) == set(STATISTICS)
    assert found["alpha"] == found["statistics"]["krippendorff"]["alpha"]
    cohen = found["statistics"]["cohen"]
    assert (cohen["cohen"], cohen["n_items"]) == (cohen["value"], 4)
    assert cohen["se"] > 0
    assert [one["form"] for one in found["statistics"]["icc"]["forms"]][:2] == ["ICC1", "ICC2"]
    (pair,) = found["statistics"]["pairwise"]["pairs"]
    assert (pair["first"], pair["second"], pair["n"]) == ("a", "b", 4)
    assert pair["kappa"] == pytest.approx(cohen["value"])
    assert found["prevalence"] == {"1": 0.375, "2": 0.25, "3": 0.375}


def test_one_statistic_is_the_object_itself_with_prevalence_beside_it(tmp_path: Path) -> None:
    text = "item,worker,label\n1,a,ok\n1,b,ok\n2,a,ok\n2,b,ok\n"
    arguments = (*COLUMNS, "--statistic", "gwet", "--levels", "wrong,ok")
    found = stats_as_json("agreement", a_file(tmp_path, text), *arguments)
    assert list(found)[:4] == ["gwet", "low", "high", "statistic"]
    assert (found["gwet"], found["chance"], found["prevalence"]) == (1.0, 0.0, {"wrong": 0.0, "ok": 1.0})


def test_weights_take_places_or_numbers(tmp_path: Path) -> None:
    text = "item,worker,label\n1,a,1\n1,b,2\n2,a,5\n2,b,5\n3,a,1\n3,b,1\n4,a,1\n4,b,5\n"
    path = a_file(tmp_path, text)
    arguments = ("agreement", path, *COLUMNS, "--statistic", "cohen", "--weights", "linear")
    places = stats_as_json(*arguments)["cohen"]
    assert stats_as_json(*arguments, "--level", "ordinal")["cohen"] == places
    numbers = stats_as_json(*arguments, "--level", "interval")["cohen"]
    assert numbers != places
    assert stats_as_json(*arguments, "--spacing", "numbers")["cohen"] == numbers


def test_more_than_two_raters_are_compared_pair_by_pair(tmp_path: Path) -> None:
    path = a_file(tmp_path, TABLE + "1,c,1\n2,c,2\n3,c,1\n")
    found = stats_as_json("agreement", path, *COLUMNS, "--statistic", "cohen")
    assert found["cohen"] is None
    assert found["reason"] == "cohen compares two raters, and there are 3: see the pairs"
    assert [(one["first"], one["second"]) for one in found["pairs"]] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert "a × c" in run_stats("agreement", path, *COLUMNS, "--statistic", "cohen")


def test_each_criterion_has_figures_and_levels_of_its_own(tmp_path: Path) -> None:
    rows = ["item,worker,label,asked"]
    rows += [f"{item},{rater},{item % 2},clear" for item in range(6) for rater in "ab"]
    rows += [f"{item},{rater},{item % 3 + 5},true" for item in range(6) for rater in "ab"]
    path = a_file(tmp_path, "\n".join(rows))
    found = stats_as_json("agreement", path, *COLUMNS, "--criterion", "asked", "--statistic", "brennan")
    assert [(one["criterion"], one["chance"]) for one in found["criteria"]] == [
        ("clear", pytest.approx(1 / 2)),
        ("true", pytest.approx(1 / 3)),
    ]
    assert found["chance"] == pytest.approx(1 / 5)
    assert "criterion true" in run_stats("agreement", path, *COLUMNS, "--criterion", "asked")


def test_a_level_of_measurement_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    path = a_file(tmp_path, "item,worker,label\n1,a,2\n1,b,null\n")
    for level in ("ordinal", "interval", "ratio"):
        with pytest.raises(
            CommandError, match="line 3, column label: 'null' is no number, and so labels are words"
        ):
            run_stats("agreement", path, *COLUMNS, "--level", level)
    with pytest.raises(CommandError, match="column label: the interval metric needs numbers"):
        run_stats("agreement", path, *COLUMNS, "--level", "interval", "--levels", "2,null")
    with pytest.raises(CommandError, match="line 2, column label: the ratio metric has a true zero"):
        run_stats(
            "agreement",
            a_file(tmp_path, "item,worker,label\n1,a,-1\n1,b,1\n"),
            *COLUMNS,
            "--level",
            "ratio",
        )


def test_depth_and_first_errors_along_the_trace(tmp_path: Path) -> None:
    letters = {("t", "a"): "gbg", ("t", "b"): "ggb", ("u", "a"): "ggg", ("u", "b"): "gg "}
    rows = ["item,worker,label,trace,place"]
    rows += [
        f"{trace}{place},{rater},{letter.strip()},{trace},{place}"
        for (trace, rater), text in letters.items()
        for place, letter in enumerate(text)
    ]
    arguments = (
        "agreement",
        a_file(tmp_path, "\n".join(rows)),
        *COLUMNS,
        "--trace",
        "trace",
        "--position",
        "place",
    )
    found = stats_as_json(*arguments, "--wrong", "b", "--resamples", 20)
    assert [(one["first"], one["percent"]) for one in found["depth"]] == [(0, 1.0), (1, 0.5), (2, 0.0)]
    first = found["first_error"]
    assert (first["within_one"]["value"], first["exact"]["value"], first["n_unknown"]) == (1.0, 0.0, 1)
    with pytest.raises(CommandError, match="--wrong: no label is 'bad'"):
        run_stats(*arguments, "--wrong", "bad")
    printed = run_stats(*arguments, "--wrong", "b")
    assert "first error of a trace" in printed
    assert "1 more left open" in printed
    with pytest.raises(CommandError, match="needs --trace and --position"):
        run_stats("agreement", a_file(tmp_path, TABLE), *COLUMNS, "--wrong", "b")


def test_labels_may_be_places_of_first_errors_themselves(tmp_path: Path) -> None:
    text = "item,worker,label\nt,a,3\nt,b,4\nu,a,-1\nu,b,-1\nv,a,2\nv,b,NA\n"
    arguments = ("agreement", a_file(tmp_path, text), *COLUMNS, "--first-error")
    found = stats_as_json(*arguments)["first_error"]
    assert (found["exact"]["value"], found["within_one"]["value"]) == (0.5, 1.0)
    assert (found["n_pairs"], found["n_unknown"]) == (2, 1)
    words = a_file(tmp_path, text.replace("3", "third"))
    with pytest.raises(CommandError, match="column label: --first-error needs places"):
        run_stats("agreement", words, *COLUMNS, "--first-error")


def test_first_errors_are_of_each_criterion_for_itself(tmp_path: Path) -> None:
    rows = ["item,worker,label,trace,place,asked"]
    for asked, letters in (("p", {"a": "01", "b": "01"}), ("q", {"a": "11", "b": "11"})):
        for rater, text in letters.items():
            rows += [f"t{place},{rater},{label},t,{place},{asked}" for place, label in enumerate(text)]
    columns = (*COLUMNS, "--trace", "trace", "--position", "place", "--criterion", "asked")
    found = stats_as_json("agreement", a_file(tmp_path, "\n".join(rows)), *columns, "--wrong", "0.0")
    assert "first_error" not in found
    shares = [one["first_error"]["one_sided"]["value"] for one in found["criteria"]]
    assert shares == [0.0, 0.0]
    assert [one["first_error"]["distance"]["value"] for one in found["criteria"]] == [0.0, None]


def test_impossible_options_are_named(tmp_path: Path) -> None:
    path = a_file(tmp_path, TABLE)
    with pytest.raises(CommandError, match="--coverage: must lie between 0 and 1"):
        run_stats("agreement", path, *COLUMNS, "--coverage", 95)
    with pytest.raises(CommandError, match="--resamples: must not be negative"):
        run_stats("agreement", path, *COLUMNS, "--resamples", -1)


def test_a_place_that_is_none_or_another_is_named(tmp_path: Path) -> None:
    for text, wrong in (
        ("1,a,1,0\n1,b,1,1\n", "line 3, column place: item 1 was at 0"),
        ("1,a,1,-2\n", "line 2"),
    ):
        path = a_file(tmp_path, "item,worker,label,place\n" + text)
        with pytest.raises(CommandError, match=wrong):
            run_stats("agreement", path, *COLUMNS, "--position", "place")


def test_repeats_may_count_as_readings_of_their_own(tmp_path: Path) -> None:
    path = a_file(tmp_path, "item,worker,label\n1,a,1\n1,a,2\n1,b,1\n2,a,2\n2,b,2\n2,b,\n")
    counts = {
        rule: stats_as_json("agreement", path, *COLUMNS, "--repeats", rule)["n_labels"]
        for rule in ("first", "last", "each")
    }
    assert counts == {"first": 4, "last": 4, "each": 5}
    with pytest.raises(CommandError, match="line 3, column worker: this rater has already"):
        run_stats("agreement", path, *COLUMNS, "--repeats", "error")


def test_words_have_no_intraclass_correlation_but_the_rest(tmp_path: Path) -> None:
    text = "item,worker,label\n1,a,x\n1,b,x\n2,a,y\n2,b,x\n"
    found = stats_as_json("agreement", a_file(tmp_path, text), *COLUMNS, "--statistic", "icc,fleiss")
    assert found["statistics"]["icc"]["forms"] == []
    assert "needs numbers" in found["statistics"]["icc"]["reason"]
    assert found["statistics"]["fleiss"]["value"] is not None


def test_an_unknown_statistic_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="--statistic: 'kappa' is none of krippendorff"):
        run_stats("agreement", a_file(tmp_path, TABLE), *COLUMNS, "--statistic", "kappa")


@pytest.mark.parametrize(
    ("relative", "rater", "label", "arguments", "alpha"),
    [
        ("crowd/rte/label.csv", "worker", "label", [], 0.241479),
        ("raters/anesthesia.csv", "rater", "rating", ["--repeats", "each"], 0.585756),
        ("raters/anesthesia.csv", "rater", "rating", ["--repeats", "each", "--level", "ordinal"], 0.798704),
        ("raters/anesthesia.csv", "rater", "rating", ["--repeats", "each", "--level", "interval"], 0.793114),
    ],
)
def test_public_sets_give_the_known_alpha(
    relative: str, rater: str, label: str, arguments: list[str], alpha: float
) -> None:
    columns = ("--item", "item", "--rater", rater, "--label", label, "--resamples", 0)
    found = stats_as_json("agreement", data_file(relative), *columns, *arguments)
    assert found["alpha"] == pytest.approx(alpha, abs=5.1e-7)
