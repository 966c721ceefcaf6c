"""What the labelled steps are like: where they stand in their trace, how long they are, which model wrote them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from django.db.models.functions import Length

from annotate.enums import Scope
from annotate.measure.ruler.cells import in_thirds
from annotate.measure.ruler.labels import IntArray, read_numbers, target_of
from annotate.models import Project, Step, Trace
from annotate.stats.codes import FloatArray

MOST_MODELS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """(items,) to which group each target belongs, -1 to none, and what the groups are called."""

    name: str
    code: IntArray
    titles: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """(items,) facts of the targets of a scale. ``trace`` is -1 for what is no step."""

    trace: IntArray
    position: FloatArray
    length: FloatArray
    model: IntArray
    models: tuple[str, ...]

    @classmethod
    def of(cls, project: Project, keys: tuple[int, ...]) -> Self:
        """Of the targets with these keys, in their order."""
        wanted = np.array(keys, dtype=np.int64)
        trace = np.full(len(wanted), -1, dtype=np.int64)
        position, length = np.full(len(wanted), np.nan), np.full(len(wanted), np.nan)
        base = target_of(Scope.STEP, 0)
        steps = (
            Step.objects.filter(trace__project=project)
            .order_by()
            .values_list("pk", "trace_id", "position", "trace__n_steps", Length("text"))
        )
        facts = read_numbers(steps, 5)
        facts = facts[np.argsort(facts[:, 0], kind="stable")]
        at = np.searchsorted(facts[:, 0] + base, wanted)
        is_step = at < len(facts)
        is_step[is_step] = facts[at[is_step], 0] + base == wanted[is_step]
        found = facts[at[is_step]]
        trace[is_step] = found[:, 1]
        position[is_step] = found[:, 2] / np.maximum(found[:, 3] - 1, 1)
        length[is_step] = found[:, 4]
        _traces_themselves(wanted, trace)
        return cls(trace, position, length, *_models(project, trace))

    def groups(self) -> tuple[Groups, ...]:
        """The ways in which a rater may be another one."""
        return (
            Groups("position", in_thirds(self.position), ("first third", "middle third", "last third")),
            Groups("length", in_thirds(self.length), ("short", "middling", "long")),
            Groups("model", self.model, self.models),
        )


def _traces_themselves(wanted: IntArray, trace: IntArray) -> None:
    base = target_of(Scope.TRACE, 0)
    own = (wanted >= base) & (wanted < target_of(Scope.CANDIDATE, 0))
    trace[own] = wanted[own] - base


def _models(project: Project, trace: IntArray) -> tuple[IntArray, tuple[str, ...]]:
    """The models with the most targets; a project with one has none to tell apart."""
    named = Trace.objects.filter(project=project).exclude(source_model="").order_by()
    rows = list(named.values_list("pk", "source_model"))
    names, code = np.unique(np.array([name for _, name in rows], dtype=np.str_), return_inverse=True)
    if len(names) < 2:
        return np.full(len(trace), -1, dtype=np.int64), ()
    keys = np.array([pk for pk, _ in rows], dtype=np.int64)
    order = np.argsort(keys, kind="stable")
    at = np.minimum(np.searchsorted(keys[order], trace), len(keys) - 1)
    own = np.where(keys[order][at] == trace, code[order][at], -1)
    counts = np.bincount(own[own >= 0], minlength=len(names))
    most = np.argsort(-counts, kind="stable")[:MOST_MODELS]
    new = np.full(len(names) + 1, -1, dtype=np.int64)
    new[most] = np.arange(len(most))
    return new[own], tuple(str(names[i]) for i in most)
