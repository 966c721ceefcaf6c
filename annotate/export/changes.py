"""What changed from one release to the next, and why: steps added, lost and labelled otherwise, with the reasons.

Two releases of a consensus are compared decision by decision, in one pass over both runs. What a format then cut off or
left out is in the counts. Of releases of labels and comparisons only settings and counts are compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from annotate.consensus.rulings import REASONS
from annotate.enums import Action, ReleaseState
from annotate.export.registry import FORMATS, get_format
from annotate.models import Consensus, Label, Release, Run, Step

ADDED, LOST, RELABELLED, SAME = "added", "lost", "relabelled", "same"
# Why a decision is another one.
REVIEWED, NEW_LABELS, FEWER_LABELS, RECUT, POLICY = (
    "reviewed",
    "new_labels",
    "fewer_labels",
    "recut",
    "policy",
)
NEW_TRACE, NEIGHBOURS, LATER_RULE = "new_trace", "neighbours", "decided_anew"
KINDS, EXAMPLES = 60, 100
_RULINGS = frozenset(reason.key for reason in REASONS)


@dataclass(frozen=True, slots=True)
class _Decision:
    trace: int
    action: str
    value: str
    reason: str
    spoke: frozenset[int]

    @property
    def is_kept(self) -> bool:
        return self.action == Action.KEEP

    def __str__(self) -> str:
        return f"{self.value or self.action} ({self.reason})"


def release_before(release: Release) -> Release | None:
    """The published one with the next smaller number that was made from the same kind of thing."""
    reads = get_format(release.format).reads
    earlier = Release.objects.filter(
        project=release.project_id,
        state=ReleaseState.PUBLISHED,
        number__lt=release.number,
        format__in=[name for name, layout in FORMATS.items() if layout.reads == reads],
    )
    return earlier.select_related("run__criterion").order_by("-number").first()


def changes_between(before: Release, after: Release, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """``manifest`` is that of ``after``, which need not be published yet."""
    found: dict[str, Any] = {
        "since": before.number,
        "settings": _differences(
            {"format": before.format, **before.manifest.get("settings", {})},
            {"format": after.format, **manifest.get("settings", {})},
        ),
        "counts": _differences(before.manifest.get("counts", {}), manifest.get("counts", {})),
    }
    if before.run is not None and after.run is not None:
        found["policy"] = _differences(_policy(before.run), _policy(after.run))
        found |= _steps(before.run, after.run)
    return found


def _policy(run: Run) -> dict[str, Any]:
    told = {"policy": run.name, "version": run.summary.get("version"), "criterion": run.criterion.key}
    return told | dict(run.settings)


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    names = dict.fromkeys((*before, *after))
    return [
        {"name": name, "before": before.get(name), "after": after.get(name)}
        for name in names
        if _plain(before.get(name)) != _plain(after.get(name))
    ]


def _plain(value: Any) -> Any:
    """A tuple that went through the database is a list."""
    return list(value) if isinstance(value, tuple) else value


def _steps(before: Run, after: Run) -> dict[str, Any]:
    is_same_rule = _policy(before) == _policy(after)
    newest = _newest_before(before)
    told_more = _traces_with_labels(after, newest)
    totals: Counter[str] = Counter()
    kinds: Counter[tuple[str, str, str, str]] = Counter()
    examples: list[tuple[int, str, str, str, str]] = []
    for step, old, new in _side_by_side(before, after):
        change = _change(old, new)
        totals[change] += 1
        if change == SAME:
            continue
        why = _why(old, new, is_same_rule, newest, told_more)
        kinds[change, str(old or ""), str(new or ""), why] += 1
        if len(examples) < EXAMPLES:
            examples.append((step, change, str(old or ""), str(new or ""), why))
    places = _places([step for step, *_rest in examples])
    top = kinds.most_common(KINDS)
    return {
        "steps": {name: totals[name] for name in (ADDED, LOST, RELABELLED, SAME)},
        "kinds": [
            {"change": change, "before": old, "after": new, "because": why, "steps": n}
            for (change, old, new, why), n in sorted(top, key=lambda one: (-one[1], one[0]))
        ],
        "kinds_left_off": max(0, len(kinds) - KINDS),
        "examples": [
            {
                "trace": places[step][0],
                "trace_name": places[step][1],
                "step": places[step][2],
                "change": change,
                "before": old,
                "after": new,
                "because": why,
            }
            for step, change, old, new, why in examples
        ],
    }


def _newest_before(run: Run) -> int:
    """The key of the newest label that was there when the run began."""
    labels = Label.objects.filter(rater__project=run.project_id)
    if run.started_at is not None:
        labels = labels.filter(created_at__lte=run.started_at)
    return labels.order_by("-pk").values_list("pk", flat=True).first() or 0


def _traces_with_labels(run: Run, newest: int) -> frozenset[int]:
    """Traces with a label of one of their steps that came after ``newest`` and before the run began."""
    labels = Label.objects.filter(
        rater__project=run.project_id, criterion=run.criterion_id, pk__gt=newest, pk__lte=_newest_before(run)
    )
    return frozenset(labels.exclude(step=None).values_list("step__trace_id", flat=True))


def _change(old: _Decision | None, new: _Decision | None) -> str:
    was, is_now = bool(old and old.is_kept), bool(new and new.is_kept)
    if was and is_now:
        assert old is not None
        assert new is not None
        return SAME if old.value == new.value else RELABELLED
    if was == is_now:
        return SAME
    return ADDED if is_now else LOST


def _why(
    old: _Decision | None,
    new: _Decision | None,
    is_same_rule: bool,
    newest: int,
    told_more: frozenset[int],
) -> str:
    """The nearest cause that the decisions themselves show.

    ``newest`` is the last label the earlier one could read, ``told_more`` are traces that have later ones.
    """
    if old is None:
        return NEW_TRACE
    if new is None:
        return RECUT
    if new.reason in _RULINGS and old.reason not in _RULINGS:
        return REVIEWED
    if heard := new.spoke - old.spoke:
        # What was there already is heard now because the rule listens to others, or because a reading was submitted.
        return NEW_LABELS if is_same_rule or max(heard) > newest else POLICY
    if old.spoke - new.spoke:
        return FEWER_LABELS if is_same_rule else POLICY
    if not is_same_rule:
        return POLICY
    # A step behind one that is wrong by now is dropped with the same labels as ever.
    return NEIGHBOURS if new.trace in told_more else LATER_RULE


def _side_by_side(before: Run, after: Run) -> Iterator[tuple[int, _Decision | None, _Decision | None]]:
    """Every step that one of the two decided, in order of the steps' ids, with what each said."""
    older, newer = _decisions(before), _decisions(after)
    old, new = next(older, None), next(newer, None)
    while old is not None or new is not None:
        if new is None or (old is not None and old[0] < new[0]):
            assert old is not None
            yield old[0], old[1], None
            old = next(older, None)
        elif old is None or new[0] < old[0]:
            yield new[0], None, new[1]
            new = next(newer, None)
        else:
            yield old[0], old[1], new[1]
            old, new = next(older, None), next(newer, None)


def _decisions(run: Run) -> Iterator[tuple[int, _Decision]]:
    rows = Consensus.objects.filter(run=run).order_by("step_id")
    for step, trace, action, value, reason, spoke in rows.values_list(
        "step_id", "step__trace_id", "action", "value", "reason", "spoke"
    ).iterator(chunk_size=5000):
        yield step, _Decision(trace, action, value, reason, frozenset(spoke))


def _places(steps: list[int]) -> dict[int, tuple[int, str, int]]:
    """Of each step the trace's key and name, and the position."""
    rows = Step.every.filter(pk__in=steps).values_list("pk", "trace_id", "trace__external_id", "position")
    return {pk: (trace, name, position) for pk, trace, name, position in rows}
