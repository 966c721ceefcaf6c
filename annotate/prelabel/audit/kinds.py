"""What can be audited: judges of traces, each with the questions that are put to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from annotate.prelabel.audit.family import FamilyEntry
from annotate.prelabel.audit.of_traces.families import FAMILIES as OF_TRACES
from annotate.prelabel.audit.of_traces.subject import trace_subject
from annotate.prelabel.audit.probe import Subject
from annotate.prelabel.contracts import Task


@dataclass(frozen=True, slots=True)
class AuditKind:
    """``subject`` makes what the questions of ``families`` are made from: (task, the judge's settings, votes)."""

    noun: Literal["trace", "pair"]
    families: Mapping[str, FamilyEntry]
    subject: Callable[[Any, Mapping[str, Any], int], Subject]


TRACES = AuditKind("trace", {family.name: family for family in OF_TRACES}, trace_subject)


def kind_of(task: Task) -> AuditKind:
    return TRACES
