"""Every format, out of one project and into another: what it can hold comes back, what cannot is refused by name."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from annotate.consensus.actions import run_consensus
from annotate.enums import Action, RaterKind
from annotate.errors import Rejected
from annotate.export.actions import export_project, export_run
from annotate.export.registry import FORMATS
from annotate.ingest.actions import ingest_file, ingest_files
from annotate.ingest.folders import ALL, files_of
from annotate.ingest.founding import create_from_preset, use_rubric
from annotate.ingest.report import IngestReport
from annotate.models import Consensus, Label, Pair, Project, Rater, Run, Trace
from tests.annotate.ingest.readers.reading import written
from tests.factories import (
    a_comparing_project,
    a_label,
    a_pair,
    a_pair_label,
    a_project,
    a_rater,
    a_trace,
    some_attempts,
)

pytestmark = pytest.mark.django_db

VALUES = {"g": "good", "n": "neutral", "b": "bad", "u": "unsure"}
# Each with what Ann and Ben say of its steps. The separators are those of no format.
STORIES: dict[str, tuple[list[str], str, str]] = {
    "good": (["Step 1: a.", "Step 2: b."], "gg", "gg"),
    "tie": (["a.", "b.", "c."], "ggg", "gbg"),
    "unknown": (["a.", "b.", "c."], "g-g", "g-g"),
    "unsure": (["a.", "b.", "c."], "gub", "gub"),
    "neutral": (["a.", "b.", "c."], "gnb", "gnb"),
    "behind": (["a.", "b.", "c.", "d."], "gbgb", "gbgb"),
    "at-once": (["a.", "b."], "bg", "bg"),
    "never": (["a.", "b.", "c."], "-gb", "-gb"),
    "words": (["a.", "b."], "gb", "gb"),
    "blank": (["a\n\nmore.", "b."], "gb", "gb"),
    "tag": (["руки a.", "b."], "gb", "gb"),
    "mark": (["has <extra_0> in it", "b."], "gb", "gb"),
    "indent": (["  a.", "\tb."], "gb", "gb"),
    "signs": (["+", "-"], "gb", "gb"),
    "heads": (["## Step 1: a.", "**Step 2:** b."], "gb", "gb"),
    "odd": (["a\u2028b", "c\x85d", "😀"], "ggb", "ggb"),
}
PROBLEMS = {"words": "Explain Step 1: what is it?", "odd": "  With space around?  \n"}


@dataclass(frozen=True, slots=True)
class Told:
    """A trace by its problem: the bodies of its steps, and the values of one rater's labels by position."""

    steps: list[str]
    labels: dict[int, str]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    rows = []
    for number, (name, (steps, *said)) in enumerate(STORIES.items()):
        labels = [
            {
                "step": position,
                "rater": rater,
                "value": VALUES[letter],
                "text": "so" * position,
                "seconds": 1.5,
            }
            for rater, letters in zip(("ann", "ben"), said, strict=True)
            for position, letter in enumerate(letters)
            if letter != "-"
        ]
        problem = {"id": f"of-{name}", "text": PROBLEMS.get(name, f"{name}?"), "reference_answer": "7"}
        problem |= {"reference_solution": "It is 7."} if number % 3 else {}
        row = {"id": name, "problem": problem, "steps": steps, "separator": "\n \n", "labels": labels}
        # Half of them say what wrote them.
        rows.append(row | {"outcome": "wrong"} | ({"model": "tiny-1"} if number % 2 else {}))
    project = a_project(slug="out")
    assert ingest_file(project, written(tmp_path, *rows)).rejected == 0
    return run_consensus(project, policy="majority")


def bodies(trace: Trace) -> list[str]:
    return [step.body for step in trace.steps.all()]


def told_in(project: Project, rater: str | None) -> dict[str, Told]:
    """``rater`` None: only the traces."""
    found = {}
    for trace in Trace.objects.filter(project=project).select_related("problem"):
        labels = Label.objects.live().filter(step__trace=trace, rater__name=rater)
        found[trace.problem.text] = Told(
            bodies(trace), dict(labels.order_by("pk").values_list("step__position", "value"))
        )
    return found


def decided(run: Run) -> dict[str, dict[int, str]]:
    """What was kept, by trace and position."""
    found: dict[str, dict[int, str]] = {name: {} for name in STORIES}
    for trace, position, value in Consensus.objects.filter(run=run, action=Action.KEEP).values_list(
        "step__trace__external_id", "step__position", "value"
    ):
        found[trace][position] = value
    return found


def problem_of(name: str) -> str:
    return PROBLEMS.get(name, f"{name}?")


def prefixes(
    run: Run, *without: str, step: Callable[[str, int], str] = lambda text, n: text
) -> dict[str, Told]:
    """What formats of plain labels hold: steps up to the first without a level; neutral is good."""
    found = {}
    for name, kept in decided(run).items():
        steps = STORIES[name][0]
        n = next((place for place in range(len(steps)) if place not in kept), len(steps))
        if n and name not in without:
            labels = {place: "bad" if kept[place] == "bad" else "good" for place in range(n)}
            found[problem_of(name)] = Told(
                [step(text, i) for i, text in enumerate(steps[:n], start=1)], labels
            )
    return found


def numbered(text: str, number: int) -> str:
    return text if text.startswith((f"Step {number}:", "## ", "**")) else f"Step {number}: {text}"


def out(run: Run, folder: Path, format: str, **settings: Any) -> Path:
    export_run(run, folder / "out", format=format, settings=settings)
    (file,) = sorted((folder / "out/data").iterdir())
    return file


def back(file: Path) -> tuple[Project, IngestReport]:
    project = a_project(slug="back")
    report = ingest_file(project, file)
    assert (report.rejected, report.errors) == (0, ())
    return project, report


def test_trl_stepwise(run: Run, tmp_path: Path) -> None:
    project, report = back(out(run, tmp_path, "trl_stepwise"))
    assert report.format == "trl_stepwise"
    assert told_in(project, "trl_stepwise") == prefixes(run)


@pytest.mark.parametrize("after_error", ["cut", "false"])
def test_what_follows_an_error_comes_back_as_it_was_written(
    run: Run, tmp_path: Path, after_error: str
) -> None:
    project, _ = back(out(run, tmp_path, "trl_stepwise", after_error=after_error))
    found = told_in(project, "trl_stepwise")["behind?"]
    assert found == (
        Told(["a.", "b."], {0: "good", 1: "bad"})
        if after_error == "cut"
        else Told(["a.", "b.", "c.", "d."], {0: "good", 1: "bad", 2: "bad", 3: "bad"})
    )


def test_qwen_prm(run: Run, tmp_path: Path) -> None:
    project, report = back(out(run, tmp_path, "qwen_prm", system="Think."))
    assert report.format == "qwen_prm"
    assert told_in(project, "qwen_prm") == prefixes(run, "blank", "mark")
    metas = Trace.objects.filter(project=project).values_list("meta", flat=True)
    assert all(meta == {"system": "Think."} for meta in metas)


@pytest.mark.parametrize("format", ["math_shepherd", "rlhflow"])
def test_formats_that_tell_the_first_step_by_its_number(run: Run, tmp_path: Path, format: str) -> None:
    project, report = back(out(run, tmp_path, format))
    assert report.format == format
    refused = {"words", "tag"} if format == "math_shepherd" else {"words"}
    rater = {"math_shepherd": "rollout/math-shepherd", "rlhflow": "rollout/rlhflow"}[format]
    assert told_in(project, rater) == prefixes(run, *refused, step=numbered)


def test_soft_labels_without_a_probability(run: Run, tmp_path: Path) -> None:
    project, report = back(out(run, tmp_path, "soft_labels", without="certain"))
    assert report.format == "soft_labels"
    expected = prefixes(run)
    # A neutral step has no place between 0 and 1.
    expected["neutral?"] = Told(["a."], {0: "good"})
    assert told_in(project, "soft_labels") == expected
    assert not Label.objects.filter(rater__name="soft_labels", distribution__isnull=False).exists()


def test_soft_labels(run: Run, tmp_path: Path) -> None:
    Consensus.objects.filter(run=run, action=Action.KEEP).update(probability=0.875)
    project, _ = back(out(run, tmp_path, "soft_labels"))
    said = Label.objects.filter(step__trace__project=project, rater__name="soft_labels")
    assert set(said.values_list("value", "score")) == {("good", 0.875), ("bad", 0.125)}
    assert all(label.distribution == {"good": label.score, "bad": 1 - (label.score or 0)} for label in said)
    rater = Rater.objects.get(project=project, name="soft_labels")
    assert rater.kind == RaterKind.JUDGE
    again = ingest_file(project, tmp_path / "out/data/train.jsonl")
    assert (again.created, again.updated, again.labels) == (0, 0, 0)


def test_processbench(run: Run, tmp_path: Path) -> None:
    project, report = back(out(run, tmp_path, "processbench"))
    assert report.format == "processbench"
    expected = {}
    for name, kept in decided(run).items():
        steps, told = STORIES[name][0], prefixes(run).get(problem_of(name))
        if told and ("bad" in told.labels.values() or len(kept) == len(steps)):
            expected[problem_of(name)] = Told(steps, told.labels)
    assert told_in(project, "gold/processbench") == expected
    models = dict(Trace.objects.filter(project=project).values_list("external_id", "source_model"))
    assert {models["neutral"], models["behind"]} == {"", "tiny-1"}


def test_prm800k(run: Run, tmp_path: Path) -> None:
    project, report = back(out(run, tmp_path, "prm800k"))
    assert report.format == "prm800k"
    found = told_in(project, f"prm800k/consensus/{run.name}")
    for name, kept in decided(run).items():
        first_error = min((place for place, value in kept.items() if value == "bad"), default=99)
        labels = {place: value for place, value in kept.items() if place <= first_error}
        assert found[problem_of(name)] == Told(STORIES[name][0], labels)
    assert set(Trace.objects.filter(project=project).values_list("problem__reference_answer", flat=True)) == {
        "7"
    }


def test_prm800k_by_rater(run: Run, tmp_path: Path) -> None:
    project, _ = back(out(run, tmp_path, "prm800k", by="rater", is_anonymous=False))
    found = told_in(project, "prm800k/ben")
    for name, (steps, _, said) in STORIES.items():
        labels = {place: VALUES[letter] for place, letter in enumerate(said) if letter not in "-u"}
        assert found[problem_of(name)] == Told(steps, labels)


def exactly(project: Project) -> list[tuple[Any, ...]]:
    """Traces and their steps, to the last character."""
    return [
        (
            trace.external_id,
            trace.problem.text,
            trace.problem.external_id,
            trace.source_model,
            trace.outcome,
            trace.content_hash,
            trace.problem.reference_answer,
            trace.problem.reference_solution,
            list(trace.steps.values_list("text", "tail", "kind")),
        )
        for trace in Trace.objects.filter(project=project).select_related("problem").order_by("external_id")
    ]


def said_in(project: Project, *raters: str) -> set[tuple[Any, ...]]:
    about = Label.objects.live().filter(step__trace__project=project, rater__name__in=raters)
    return set(
        about.values_list(
            *("step__trace__external_id", "step__position", "criterion__key", "rater__name", "rater__kind"),
            *("value", "text", "seconds", "score"),
        )
    )


@pytest.mark.parametrize(("format", "gold"), [("jsonl", "gold"), ("parquet", "gold/consensus")])
def test_formats_that_hold_traces_exactly(run: Run, tmp_path: Path, format: str, gold: str) -> None:
    export_run(run, tmp_path / "out", format=format, settings={"is_anonymous": False})
    name = {"jsonl": "train.jsonl", "parquet": "steps.parquet"}[format]
    project, report = back(tmp_path / "out/data" / name)
    assert report.format == {"jsonl": "jsonl", "parquet": "steps"}[format]
    assert exactly(project) == exactly(run.project)
    assert said_in(project, "ann", "ben") == said_in(run.project, "ann", "ben")
    found = told_in(project, gold)
    assert {name: found[problem_of(name)].labels for name in STORIES} == decided(run)
    # And into the project it came from, of which it is the same.
    again = ingest_file(run.project, tmp_path / "out/data" / name)
    assert (again.created, again.rejected) == (0, 0)


@pytest.mark.parametrize("format", ["jsonl", "parquet", "trl_stepwise", "prm800k"])
@pytest.mark.parametrize("is_packed", [False, True])
def test_a_whole_release_comes_in_by_its_folder(
    run: Run, tmp_path: Path, format: str, is_packed: bool
) -> None:
    export_run(run, tmp_path / "out", format=format, settings={"validation_share": 0.4})
    whole, single = a_project(slug="whole"), a_project(slug="single")
    files = files_of(tmp_path / "out", ALL)
    if is_packed:
        files = [Path(shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path, "out"))]
    report = ingest_files(whole, files)
    assert (report.rejected, report.errors) == (0, ())
    for file in sorted((tmp_path / "out/data").iterdir()):
        assert ingest_file(single, file).rejected == 0
    assert exactly(whole) == exactly(single)
    assert Label.objects.filter(rater__project=whole).count() == report.labels > 0


def test_table_of_steps_says_why_a_step_has_no_level(run: Run, tmp_path: Path) -> None:
    export_run(run, tmp_path / "out", format="parquet")
    project, _ = back(tmp_path / "out/data/steps.parquet")
    trace = Trace.objects.get(project=project, external_id="tie")
    assert [step.meta["release"]["reason"] for step in trace.steps.all()] == ["majority", "tie", "majority"]


def test_some_steps_of_a_trace_are_no_trace(run: Run, tmp_path: Path) -> None:
    Consensus.objects.filter(run=run, step__position=0).update(tier="A")
    Consensus.objects.filter(run=run, step__position=1, step__trace__external_id="good").update(tier="A")
    export_run(run, tmp_path / "out", format="parquet", settings={"tiers": ["A"]})
    report = ingest_file(a_project(slug="back"), tmp_path / "out/data/steps.parquet")
    assert (report.created, report.rejected) == (1, len(STORIES) - 1)
    assert report.errors[0].field == "steps"
    assert "has 3 steps, and the table holds 1 of them" in report.errors[0].reason


def test_labels(run: Run, tmp_path: Path) -> None:
    export_run(run, tmp_path / "traces", format="jsonl", settings={"with_votes": False})
    project, _ = back(tmp_path / "traces/data/train.jsonl")
    export_project(run.project, tmp_path / "out", format="labels", settings={"is_anonymous": False})
    report = ingest_file(project, tmp_path / "out/data/train.jsonl")
    assert (report.format, report.rejected) == ("labels", 0)
    assert said_in(project, "ann", "ben") == said_in(run.project, "ann", "ben")


def a_project_with_critiques() -> Project:
    project = a_project(slug="critical")
    use_rubric(project, create_from_preset(project, "prm800k"))
    trace = a_trace(project, texts=["First.\n", "Second.\n"], external_id="one")
    ann, second = a_rater(project), trace.steps.all()[1]
    a_label(ann, second, "bad", text="12 is not 14.")
    a_label(ann, second, "", criterion_key="correction", text="Second, mended.")
    return project


def test_step_preference_comes_back_as_preferences(tmp_path: Path) -> None:
    export_project(a_project_with_critiques(), tmp_path / "out", format="step_preference")
    project = a_comparing_project(slug="back")
    report = ingest_file(project, tmp_path / "out/data/train.jsonl")
    assert (report.format, report.rejected, report.pairs, report.labels) == ("preference", 0, 1, 1)
    trace = Trace.objects.get(project=project, steps__text="Second, mended.")
    assert trace.problem.text == "What is six times seven?\n\nFirst.\n"
    assert preferred(project) == {("Second, mended.", "Second.")}


def test_preference(tmp_path: Path) -> None:
    project = a_comparing_project(slug="fruit")
    ann, ben = a_rater(project), a_rater(project)
    for name, said in {"won": "lr", "lost": "rr", "tied": "tt", "left": "ll"}.items():
        pair = a_pair(*some_attempts(project, f"{name} left", f"{name}\n\nright"), external_id=name)
        for rater, letter in zip((ann, ben), said, strict=True):
            a_pair_label(rater, pair, {"l": "left", "r": "right", "t": "tie"}[letter])
    export_project(project, tmp_path / "out", format="preference")
    into = a_comparing_project(slug="back")
    report = ingest_file(into, tmp_path / "out/data/train.jsonl")
    assert (report.format, report.rejected, report.pairs) == ("preference", 0, 2)
    assert preferred(into) == {("lost\n\nright", "lost left"), ("left left", "left\n\nright")}


def preferred(project: Project) -> set[tuple[str, str]]:
    found = set()
    for pair in Pair.objects.filter(project=project):
        (label,) = Label.objects.filter(pair=pair)
        assert pair.left_trace is not None
        assert pair.right_trace is not None
        sides = [trace.text for trace in (pair.left_trace, pair.right_trace)]
        found.add((sides[0], sides[1]) if label.value == "left" else (sides[1], sides[0]))
    return found


def test_what_cannot_come_back_is_known_and_refused(run: Run, tmp_path: Path) -> None:
    critical = a_project_with_critiques()
    compared = a_comparing_project(slug="fruit")
    a_pair_label(a_rater(compared), a_pair(*some_attempts(compared, "l", "r")), "left")
    export_project(critical, tmp_path / "critique_sft", format="critique_sft")
    export_project(run.project, tmp_path / "rubric_rewards", format="rubric_rewards")
    export_project(critical, tmp_path / "step_preference", format="step_preference")
    export_project(compared, tmp_path / "preference", format="preference")
    export_project(run.project, tmp_path / "labels", format="labels")
    export_run(run, tmp_path / "parquet", format="parquet")
    project = a_project(slug="back")
    for file, reason in {
        "critique_sft/data/train.jsonl": "critiques of a release",
        "rubric_rewards/data/train.jsonl": "mean scores of a release",
        "step_preference/votes/train.jsonl": "votes behind the preferences",
        "preference/votes/train.jsonl": "votes behind the preferences",
        "labels/details/train.jsonl": "details of labels",
        "parquet/traces/traces.parquet": "without their steps",
        "parquet/raters/raters.parquet": "raters of a release",
    }.items():
        with pytest.raises(Rejected, match=reason) as caught:
            ingest_file(project, tmp_path / file)
        assert caught.value.field == "format"


def test_every_format_is_tried_here() -> None:
    tried = Path(__file__).read_text()
    assert all(f'"{name}"' in tried for name in FORMATS)
