"""The examples in the statistics' own documentation, run as they stand."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

from annotate import stats

# Kernels are for numba, which may be absent, and have no examples.
MODULES = sorted(
    found.name
    for found in pkgutil.walk_packages(stats.__path__, f"{stats.__name__}.")
    if not found.name.endswith(".kernels")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_give_what_they_show(name: str) -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    runner = doctest.DocTestRunner()
    for example in finder.find(importlib.import_module(name)):
        # Names that an example may use without saying where they come from.
        example.globs.setdefault("np", importlib.import_module("numpy"))
        example.globs.setdefault("LongTable", importlib.import_module("annotate.stats.table").LongTable)
        runner.run(example)
    assert runner.summarize(verbose=False).failed == 0
