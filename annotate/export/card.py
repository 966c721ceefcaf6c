"""The README.md of a release: a Hugging Face data set card that says where every label came from (pure).

Its head is the YAML block the Hub and ``datasets`` read (https://huggingface.co/docs/hub/datasets-cards); strings are
written as JSON, which YAML includes, so no title can break it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from annotate.consensus.funnel import FunnelRow
from annotate.enums import RaterKind
from annotate.export.contracts import ExportSettings, RaterRow, Split, SplitSettings

# Upper bounds of the Hub's size classes.
_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
)


@dataclass(frozen=True, slots=True)
class Measure:
    """An estimate to print; ``value`` None was not estimable."""

    name: str
    of: str
    value: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a card says."""

    title: str
    description: str
    format_title: str
    task: str
    criterion: str
    policy_title: str
    policy: Mapping[str, Any]
    settings: ExportSettings
    rows: int
    splits: tuple[Split, ...]
    raters: tuple[RaterRow, ...]
    measures: tuple[Measure, ...]
    funnel: tuple[FunnelRow, ...]
    limits: tuple[str, ...]
    # Where something other than steps is written: what became of all of it, by name.
    outcomes: Mapping[str, int] | None = None
    # What was read in all: traces (or pairs), and the day of what is written: of the consensus, or of the newest label.
    items: int = 0
    date: str = ""
    # The format's own number, then the consensus or the newest label: the same rows have the same version.
    version: str = ""
    # Splits and benchmarks as the manifest names them.
    selection: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ("process-reward-model", "reasoning", "step-level-labels", "gradus")


def render_card(facts: Facts) -> str:
    sections = (
        _head(facts),
        f"# {_line(facts.title)}",
        facts.description.strip(),
        f"{facts.format_title}. {facts.rows:,} rows. Made with Gradus.",
        _loading(facts),
        _policy(facts),
        _raters(facts.raters),
        _agreement(facts.measures),
        _funnel(facts.funnel) if facts.outcomes is None else _outcomes(facts.outcomes),
        _selection(facts),
        _sources(facts.settings),
        _limits(facts),
    )
    return "\n\n".join(section for section in sections if section) + "\n"


def creators(raters: Iterable[RaterRow], people: str) -> list[str]:
    """Who made the labels, in the Hub's words. Simulated people are machines."""
    found = set()
    for rater in raters:
        if rater.is_simulated or rater.kind not in (RaterKind.PERSON, RaterKind.GOLD, RaterKind.REVIEW):
            found.add("machine-generated")
        else:
            found.add("other" if rater.kind == RaterKind.GOLD else people)
    return sorted(found) or ["no-annotation"]


def size_category(rows: int) -> str:
    return next((name for bound, name in _SIZES if rows < bound), "n>100M")


def _head(facts: Facts) -> str:
    lines = [
        "---",
        f"license: {facts.settings.licence}",
        f"pretty_name: {json.dumps(facts.title)}",
        *_list("task_categories", [facts.task]),
        *_list("annotations_creators", creators(facts.raters, facts.settings.people)),
        *_list("size_categories", [size_category(facts.rows)]),
        *_list("tags", facts.tags),
        "configs:",
    ]
    for config, files in _tables(facts.splits).items():
        is_default = any(split.is_default for split in files)
        lines += [f"- config_name: {config}", *(["  default: true"] if is_default else []), "  data_files:"]
        for name in dict.fromkeys(split.name for split in files):
            paths = [split.path for split in files if split.name == name]
            lines.append(f"  - split: {name}")
            if len(paths) == 1:
                lines.append(f"    path: {paths[0]}")
            else:
                lines += ["    path:", *(f"    - {path}" for path in paths)]
    return "\n".join([*lines, "---"])


def _tables(splits: Iterable[Split]) -> dict[str, list[Split]]:
    tables: dict[str, list[Split]] = {}
    for split in splits:
        tables.setdefault(split.config, []).append(split)
    return tables


def _list(key: str, values: Sequence[str]) -> list[str]:
    return [f"{key}:", *(f"- {json.dumps(value)}" for value in values)]


def _loading(facts: Facts) -> str:
    first = next(split for split in facts.splits if split.is_default)
    return (
        "```python\nfrom datasets import load_dataset\n\n"
        f'rows = load_dataset("path/to/this/folder", "{first.config}", split="{first.name}")\n```'
    )


def _policy(facts: Facts) -> str:
    rows = [(key, f"`{json.dumps(value, ensure_ascii=False)}`") for key, value in facts.policy.items()]
    return (
        f"## How a label was decided\n\nCriterion *{facts.criterion}*, rule: {facts.policy_title}.\n\n"
        + _table(("Parameter", "Value"), rows)
    )


def _raters(raters: Sequence[RaterRow]) -> str:
    rows = [
        (rater.name, f"{rater.kind}{' (simulated)' if rater.is_simulated else ''}", f"{rater.labels:,}")
        for rater in raters
    ]
    return "## Who labelled\n\n" + (
        _table(("Rater", "Kind", "Labels that spoke"), rows) if rows else "Nobody: no label spoke."
    )


def _agreement(measures: Sequence[Measure]) -> str:
    if not measures:
        return "## Agreement\n\nNot measured."
    rows = [(m.name.replace("_", " "), m.of, _estimate(m), f"{m.n:,}") for m in measures]
    return "## Agreement\n\n" + _table(("Measure", "Of", "Estimate (interval)", "n"), rows)


def _estimate(measure: Measure) -> str:
    if measure.value is None:
        return "not enough data to say"
    if measure.low is None or measure.high is None:
        return f"{measure.value:.2f}"
    return f"{measure.value:.2f} ({measure.low:.2f}–{measure.high:.2f})"


def _funnel(funnel: Sequence[FunnelRow]) -> str:
    rows = [(row.title, row.action, f"{row.steps:,}", f"{row.traces:,}") for row in funnel]
    return "## From all steps to these\n\n" + _table(("Steps that are", "Action", "Steps", "In traces"), rows)


def _outcomes(outcomes: Mapping[str, int]) -> str:
    rows = [(name.replace("_", " "), f"{n:,}") for name, n in outcomes.items()]
    return "## From all comparisons to these\n\n" + _table(("Comparisons", "Number"), rows)


def _selection(facts: Facts) -> str:
    """Splits and benchmarks, where a release has any."""
    parts = []
    settings = facts.settings
    if isinstance(settings, SplitSettings) and settings.validation_share + settings.test_share > 0:
        found = facts.selection.get("splits", {})
        alike = found.get("problems_with_an_alike_one", 0)
        common = found.get("word_sequences_of_most_problems", 0)
        parts.append(
            f"A problem is in one split with everything about it, chosen by a hash of its words and the seed"
            f" {settings.seed}: validation {settings.validation_share:g}, test {settings.test_share:g}."
            + (f" {alike:,} problems went with one they are nearly the same as." if alike else "")
            + (
                f" {common:,} word sequences that more than half of the problems have in common were not compared."
                if common
                else ""
            )
        )
    rows = [
        (one["name"], f"{one['problems']:,}", f"{one['problems_found']:,}", f"`{one['sha256'][:16]}`")
        for one in facts.selection.get("benchmarks", ())
    ]
    if rows:
        parts.append(_table(("Benchmark", "Its problems", "Of them known here", "Hash list"), rows))
        done = isinstance(settings, SplitSettings) and settings.contaminated == "drop"
        parts.append("These were left out." if done else "These are still in here.")
    return "## Splits and benchmarks\n\n" + "\n\n".join(parts) if parts else ""


def _sources(settings: ExportSettings) -> str:
    if not settings.source_licences:
        return (
            "## Sources\n\nWhere the problems and traces come from, and under what licence, was not stated."
        )
    return "## Sources\n\n" + "\n".join(f"- {_line(source)}" for source in settings.source_licences)


def _limits(facts: Facts) -> str:
    limits = list(facts.limits)
    if any(rater.is_simulated for rater in facts.raters):
        limits.append("Some raters are simulated people: a program made their labels.")
    if any(rater.kind == RaterKind.ROLLOUT for rater in facts.raters):
        limits.append(
            "Rollouts say whether a model could still reach the answer, not whether a step is right."
        )
    limits.append(
        "What was dropped is no random part of the traces: rates in these rows are not rates in the source."
    )
    return "## Limits\n\n" + "\n".join(f"- {limit}" for limit in limits)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(
        "| " + " | ".join(_line(cell).replace("|", "\\|") for cell in line) + " |" for line in lines
    )


def _line(text: str) -> str:
    return " ".join(text.split())
