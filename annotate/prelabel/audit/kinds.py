"""What can be audited, judges of traces and judges of pairs, each with the questions that are put to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from annotate.enums import Scope
from annotate.prelabel.audit.family import FamilyEntry, Group
from annotate.prelabel.audit.of_pairs.families import FAMILIES as OF_PAIRS
from annotate.prelabel.audit.of_pairs.subject import pair_subject
from annotate.prelabel.audit.of_traces.families import FAMILIES as OF_TRACES
from annotate.prelabel.audit.of_traces.subject import trace_subject
from annotate.prelabel.audit.probe import Subject
from annotate.prelabel.contracts import PairTask, Task


@dataclass(frozen=True, slots=True)
class AuditKind:
    """``subject`` makes what the questions of ``families`` are made from: (task, the judge's settings, votes)."""

    noun: Literal["trace", "pair"]
    families: Mapping[str, FamilyEntry]
    subject: Callable[[Any, Mapping[str, Any], int], Subject]


def _by_name(families: Iterable[FamilyEntry]) -> dict[str, FamilyEntry]:
    return {family.name: family for family in families}


TRACES = AuditKind("trace", _by_name(OF_TRACES), trace_subject)
PAIRS = AuditKind("pair", _by_name(OF_PAIRS), pair_subject)
# Every rate there is, by the name that a gate gives it. A rate that both kinds have is named once.
RATES: Mapping[str, FamilyEntry] = _by_name(
    sorted(
        (*OF_TRACES, *(family for family in OF_PAIRS if family.name not in TRACES.families)),
        key=lambda family: get_args(Group).index(family.group),
    )
)


def kind_of(task: Task) -> AuditKind:
    return PAIRS if isinstance(task, PairTask) else TRACES


def kind_asked_about(scope: str) -> AuditKind:
    """The kind of judge that labels a criterion of this scope."""
    return PAIRS if scope == Scope.PAIR else TRACES
