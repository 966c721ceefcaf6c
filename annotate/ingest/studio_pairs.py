"""Label Studio's comparisons (``pairwise``): two texts of a task as traces, a pair, and what each person chose.

Which fields of the task were shown, ``map first=FIELD`` and ``map second=FIELD`` say; unsaid, they are called as the
two names in ``to_name``. The export holds only the names that the labelling page gave them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from annotate.errors import Rejected
from annotate.ingest.columns import Columns, deep, trace_of
from annotate.ingest.drafts import LabelDraft, Meta, PairDraft, RaterDraft, TraceDraft
from annotate.ingest.fields import Fields
from annotate.ingest.voices import criterion_of

PAIRWISE = "pairwise"
_PREFERENCE = "preference"
_SIDES = ("first", "second")
_CHOICES = ("left", "right")


@dataclass(frozen=True, slots=True)
class Comparison:
    rater: RaterDraft
    result: Fields


def pairs_of_task(
    task: Fields, compared: Sequence[Comparison], columns: Columns, left_out: dict[str, int]
) -> list[PairDraft]:
    """The pair once for each who chose. Raises Rejected with the path of what cannot be one."""
    found = _fields(task, compared[0].result, columns)
    meta = {"label_studio": {"left_out": left_out}} if left_out else {}
    first, second = (
        _side(task, name, found[name], frozenset(found.values()), columns, meta) for name in _SIDES
    )
    drafts = []
    for one in compared:
        preferred, other = (first, second) if _chosen(one) == "left" else (second, first)
        drafts.append(PairDraft(preferred, other, _label(one, columns)))
    return drafts


def _fields(task: Fields, result: Fields, columns: Columns) -> dict[str, str]:
    shown = [name.strip() for name in str(result.raw("to_name") or "").split(",")]
    found = {}
    for number, side in enumerate(_SIDES):
        usual = shown[number] if len(shown) == len(_SIDES) else ""
        found[side] = columns.options.columns.get(side, usual)
        if not found[side] or deep(task, found[side]) is None:
            raise Rejected(
                f"the task has no field {found[side][:60]!r}; say which is the {side} (map {side}=FIELD)",
                field=result.path("to_name"),
            )
    return found


def _side(
    task: Fields, side: str, field: str, both: frozenset[str], columns: Columns, meta: Meta
) -> TraceDraft:
    given = deep(task, field)
    kind = "steps" if isinstance(given, list) else "text"
    options = replace(columns.options, columns={**columns.options.columns, kind: field})
    own = {
        name: value
        for name, value in task.items_of()
        if name == field or name not in both | {"steps", "text"}
    }
    draft = trace_of(Fields(own), Columns(options, beside=None), "label-studio")
    kept = {name: value for name, value in draft.meta.items() if name != "data"}
    return replace(draft, external_id=f"{draft.external_id}-{side}", meta={**kept, **meta})


def _chosen(one: Comparison) -> str:
    value = one.result.fields("value")
    chosen = value.raw("selected")
    if chosen not in _CHOICES:
        raise Rejected("must be left or right", field=value.path("selected"))
    return str(chosen)


def _label(one: Comparison, columns: Columns) -> LabelDraft:
    name = one.result.name("from_name")
    said = criterion_of(name, columns.options)
    criterion = said if said in columns.options.columns else _PREFERENCE
    return LabelDraft(
        one.rater,
        criterion,
        None,
        "left",
        origin=one.result.path("value"),
        is_optional=criterion not in columns.options.columns,
    )
