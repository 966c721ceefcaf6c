"""The examples in the docstrings of the statistics are run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

from annotate import stats


def modules() -> list[str]:
    # The kernels are of numba, which may be absent, and have no examples.
    found = pkgutil.walk_packages(stats.__path__, f"{stats.__name__}.")
    return sorted(one.name for one in found if not one.ispkg and not one.name.endswith(".kernels"))


@pytest.mark.parametrize("name", modules())
def test_examples_hold(name: str) -> None:
    failed, _ = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert not failed


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    assert any(one.examples for one in finder.find(importlib.import_module("annotate.stats.rasch.fit")))
