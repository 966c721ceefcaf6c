"""Every strategy by name. Adding one is a file: whatever stands in a strategy folder and holds a ``STRATEGY``."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from types import ModuleType

from annotate.errors import Rejected
from annotate.prelabel import judge, probes, rollout, verifiers
from annotate.prelabel.audit.entry import audit_entry
from annotate.prelabel.entries import StrategyEntry

_FOLDERS: tuple[ModuleType, ...] = (rollout, judge, verifiers, probes)


def _found() -> Iterator[tuple[str, StrategyEntry]]:
    for folder in _FOLDERS:
        short = folder.__name__.rpartition(".")[2]
        for module in sorted(pkgutil.iter_modules(folder.__path__), key=lambda found: found.name):
            # The file's name is the strategy's: a label says where the code that made it stands.
            path = f"{folder.__name__}.{module.name}"
            entry = getattr(importlib.import_module(path), "STRATEGY", None)
            if not isinstance(entry, StrategyEntry):
                raise ImportError(f"{path} holds no STRATEGY: every file in a strategy folder is a strategy")
            family = short.removesuffix("s") if short in {"verifiers", "probes"} else short
            expected = f"{family}/{module.name}"
            if entry.name != expected:
                raise ImportError(f"the strategy in {path} calls itself {entry.name}, not {expected}")
            yield entry.name, entry


STRATEGIES: Mapping[str, StrategyEntry] = dict(_found())
# Not among them: an audit is opened for a judge, never started by its own name.
AUDIT_ENTRY = audit_entry(STRATEGIES)


def strategy_called(name: str) -> StrategyEntry:
    """The entry of that name; ``Rejected`` lists the known ones."""
    if name not in STRATEGIES:
        raise Rejected(f"{name!r} is not a strategy; known are {', '.join(STRATEGIES)}.", field="strategy")
    return STRATEGIES[name]


def strategy_of_run(name: str) -> StrategyEntry:
    """What a stored run is worked by: a strategy people can start, or the audit."""
    return AUDIT_ENTRY if name == AUDIT_ENTRY.name else strategy_called(name)
