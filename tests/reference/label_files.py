"""The public data sets with several raters, as rows of (item, rater, label)."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from collections.abc import Callable, Hashable, Iterator

from annotate.stats.table import LongTable
from tests.paths import data_file

Label = tuple[Hashable, Hashable, Hashable]


def csv_rows(relative: str) -> list[list[str]]:
    with data_file(relative).open(encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines))[1:]


def labels_in_long_file(relative: str) -> Iterator[Label]:
    """Columns item, rater, number."""
    for item, rater, value in csv_rows(relative):
        yield item, rater, float(value)


def labels_in_wide_file(relative: str) -> Iterator[Label]:
    """One row per item, one column per rater, empty where missing."""
    for item, *values in csv_rows(relative):
        for rater, value in enumerate(values):
            yield item, rater, float(value) if value else None


def labels_in_cross_table(relative: str) -> Iterator[Label]:
    """Counts of items by first rater (rows) and second (columns)."""
    for row, (_, *counts) in enumerate(csv_rows(relative)):
        for column, count in enumerate(counts):
            for number in range(int(count)):
                yield (row, column, number), "first", row
                yield (row, column, number), "second", column


def labels_in_distribution(relative: str) -> Iterator[Label]:
    """Counts of raters by item (rows) and category (columns); who they were is not known."""
    for item, *counts in csv_rows(relative):
        categories = [category for category, count in enumerate(counts) for _ in range(int(count))]
        for rater, category in enumerate(categories):
            yield item, rater, category


def labels_of_anaesthetists(relative: str) -> Iterator[Label]:
    """Rater 1 read every patient three times; each reading counts as a rater of its own."""
    readings: Counter[tuple[Hashable, Hashable]] = Counter()
    for item, rater, value in labels_in_long_file(relative):
        readings[item, rater] += 1
        yield item, (rater, readings[item, rater]), value


def labels_of_qags(relative: str) -> Iterator[Label]:
    with gzip.open(data_file(relative), "rt", encoding="utf-8") as lines:
        for summary, line in enumerate(lines):
            for place, sentence in enumerate(json.loads(line)["summary_sentences"]):
                for answer in sentence["responses"]:
                    yield (summary, place), answer["worker_id"], answer["response"]


def labels_of_pandalm(relative: str) -> Iterator[Label]:
    with gzip.open(data_file(relative), "rt", encoding="utf-8") as text:
        for pair in json.load(text):
            for rater in ("annotator1", "annotator2", "annotator3"):
                yield pair["idx"], rater, pair[rater]


def labels_of_inferential_strategies(relative: str) -> Iterator[Label]:
    with gzip.open(data_file(relative), "rt", encoding="utf-8") as text:
        for instance in json.load(text)["instances"]:
            verdicts = instance["annotations"]["Sound Reasoning"]["individual_human_scores"]
            for rater, verdict in enumerate(verdicts):
                yield instance["id"], rater, verdict


READERS: dict[str, Callable[[str], Iterator[Label]]] = {
    "crowd": labels_in_long_file,
    "raters": labels_in_wide_file,
    "raters/anesthesia.csv": labels_of_anaesthetists,
    "raters/distrib.6raters.csv": labels_in_distribution,
    "qags": labels_of_qags,
    "pandalm": labels_of_pandalm,
    "inferential_strategies": labels_of_inferential_strategies,
}


def table_of(relative: str) -> LongTable:
    reader = READERS.get(relative) or READERS[relative.split("/", maxsplit=1)[0]]
    item, rater, value = zip(*reader(relative), strict=True)
    return LongTable.from_columns(item, rater, value, repeats="first")
