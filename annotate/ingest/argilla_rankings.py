"""Argilla's rankings: the fields that one names as traces of one problem, and in which order each person put them.

Two of them are a pair, three to eight a lineup. The options of a ranking are called as the fields they stand for, or as
``map OPTION=FIELD`` says. Whatever else was answered about such a record is left out and counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from annotate.errors import Rejected
from annotate.ingest.argilla_records import Heard, Said
from annotate.ingest.columns import Columns, deep, trace_of
from annotate.ingest.drafts import Draft, LabelDraft, LineupDraft, PairDraft, TraceDraft
from annotate.ingest.fields import Fields
from annotate.ingest.rankings import ranking_of
from annotate.ingest.voices import criterion_of
from annotate.models.lineup import FEWEST, MOST

_RANKING, _PREFERENCE = "ranking", "preference"


def is_ranking(value: Any) -> bool:
    """Whether an answer says a rank of each of several options, as objects or in two columns."""
    if isinstance(value, dict):
        return value.keys() == {"rank", "value"}
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, dict) and one.keys() >= {"rank", "value"} for one in value)
    )


def ranked(heard: Heard, columns: Columns) -> Sequence[Draft]:
    """Raises Rejected with the path of what is no order of the record's own fields."""
    orders = [(one, _ranks(one)) for one in heard.said if is_ranking(one.value)]
    names = sorted(orders[0][1])
    for one, ranks in orders:
        if ranks.keys() != set(names):
            raise Rejected("ranks other fields than the answer before it", field=one.path)
    fields = _fields(heard, names, orders[0][0], columns)
    meta = heard.meta(beside=len(heard.said) - len(orders))
    traces = tuple(_side(heard.body, name, fields, columns, meta) for name in names)
    if len(names) == FEWEST - 1:
        return [_pair(one, ranks, names, traces, columns) for one, ranks in orders]
    if not FEWEST <= len(names) <= MOST:
        raise Rejected(
            f"ranks {len(names)} fields; a pair holds 2 and a lineup {FEWEST} to {MOST}",
            field=orders[0][0].path,
        )
    labels = (
        _label(one, _RANKING, ranking_of({place: ranks[name] for place, name in enumerate(names)}), columns)
        for one, ranks in orders
    )
    return [LineupDraft(traces, tuple(labels))]


def _ranks(one: Said) -> dict[str, int]:
    """The rank of each option, 1 the best."""
    value = one.value
    if isinstance(value, dict):
        columns = Fields(value, one.path)
        names, ranks = columns.list("value"), columns.list("rank")
        if len(names) != len(ranks):
            raise Rejected(f"has {len(names)} options and {len(ranks)} ranks", field=one.path)
        value = [{"value": name, "rank": rank} for name, rank in zip(names, ranks, strict=True)]
    found: dict[str, int] = {}
    for place, given in enumerate(value):
        option = Fields.of(given, f"{one.path}[{place}]")
        name = option.name("value")
        if not option.has("rank"):
            raise Rejected(f"leaves {name} without a rank", field=option.path("rank"))
        if name in found:
            raise Rejected(f"ranks {name} twice", field=option.path("value"))
        found[name] = option.integer("rank")
    return found


def _fields(heard: Heard, names: Sequence[str], one: Said, columns: Columns) -> dict[str, str]:
    found = {name: columns.options.columns.get(name, name) for name in names}
    for name, column in found.items():
        if deep(heard.body, column) is None:
            raise Rejected(
                f"ranks {name[:60]!r}, which is no field of the record; say which is meant (map {name}=FIELD)",
                field=one.path,
            )
    if len(set(found.values())) < len(found):
        raise Rejected("ranks one field under two names", field=one.path)
    return found


def _side(
    body: Fields, name: str, fields: Mapping[str, str], columns: Columns, meta: Mapping[str, Any]
) -> TraceDraft:
    column = fields[name]
    kind = "steps" if isinstance(deep(body, column), list) else "text"
    options = replace(columns.options, columns={**columns.options.columns, kind: column})
    beside = {one.partition(".")[0] for one in fields.values()} | {"steps", "completions", "text"}
    own = {
        one: value for one, value in body.items_of() if one == column.partition(".")[0] or one not in beside
    }
    draft = trace_of(Fields(own), Columns(options, beside=None), "argilla")
    has_id = columns.place(body, "id") is not None
    return replace(
        draft,
        # One without an id of its own is known by what it says.
        external_id=f"{draft.external_id}-{name}" if has_id else draft.external_id,
        meta={**draft.meta, **meta},
    )


def _pair(
    one: Said,
    ranks: Mapping[str, int],
    names: Sequence[str],
    traces: tuple[TraceDraft, ...],
    columns: Columns,
) -> PairDraft:
    first, second = (ranks[name] for name in names)
    label = _label(one, _PREFERENCE, "tie" if first == second else "left", columns)
    better, other = traces if first <= second else traces[::-1]
    return PairDraft(better, other, label)


def _label(one: Said, usual: str, value: str, columns: Columns) -> LabelDraft:
    said = criterion_of(one.question, columns.options)
    is_mapped = said in columns.options.columns
    evidence = {"score": one.score} if one.score is not None else {}
    return LabelDraft(
        one.rater,
        said if is_mapped else usual,
        None,
        value,
        evidence=evidence,
        origin=one.path,
        is_optional=not is_mapped,
    )
