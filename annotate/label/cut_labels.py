"""Labels of steps that were split or merged, as labels of the steps in their place. Called by recutting.py.

The old labels stay as they are and stand no longer: what is carried is new rows, whose evidence names the act and the
labels they come from. Seconds stay with the old rows, where they were spent; so do a machine's numbers (its score and
its probabilities), which were measured for the step as it was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from annotate.enums import RaterKind, RecutKind
from annotate.models import Criterion, Label, Recut, Step

from .cut_rules import OF_A_TEXT, TWO_READINGS, Asked, Fate, when_merged, when_split
from .writing import retire

BATCH = 2000
# Rater and criterion: what one says about one question.
Voice = tuple[int, int]


@dataclass(slots=True)
class Carrying:
    """What was carried and what was not; ``aside`` are labels with the reason for which they are not."""

    retired: list[int] = field(default_factory=list)
    carried: list[Label] = field(default_factory=list)
    aside: list[tuple[Label, str]] = field(default_factory=list)


def carry_labels(act: Recut, took: Sequence[Step], made: Sequence[Step]) -> Carrying:
    """Carry what stands at ``took`` over to ``made``. The trace is locked, and ``act`` is stored."""
    standing = list(_standing(took))
    ratings = list(
        Label.objects.live()
        .filter(candidate__step__in=took)
        .select_related("rater", "criterion", "candidate")
    )
    done = Carrying(retired=[one.pk for one in (*standing, *ratings)])
    retire(done.retired)
    done.aside += [(one, OF_A_TEXT) for one in ratings]
    back = _said_before(act)
    by_voice: dict[Voice, list[Label]] = defaultdict(list)
    for label in standing:
        by_voice[label.rater_id, label.criterion_id].append(label)
    ids: dict[int, list[int]] = defaultdict(list)
    new: list[tuple[Label, list[Label]]] = []
    for voice, labels in by_voice.items():
        if voice in back:
            continue
        found, lost = _of_voice(act, labels, took, made)
        new += found
        done.aside += [(one, why) for one, why in lost]
    for labels in back.values():
        new += [(_again(act, one), [one]) for one in labels]
    # Readings first: a decision names those it was decided between.
    new.sort(key=lambda one: one[0].rater.kind == RaterKind.REVIEW)
    for label, sources in new:
        if label.rater.kind == RaterKind.REVIEW:
            between = {pk for one in sources for pk in one.evidence.get("between", ())}
            named = sorted({new for pk in between for new in ids.get(pk, ())})
            label.evidence = {**label.evidence, "between": named}
        label.save(force_insert=True)
        done.carried.append(label)
        for source in sources:
            ids[source.pk].append(label.pk)
    return done


def _standing(took: Sequence[Step]) -> Iterator[Label]:
    labels = Label.objects.live().filter(step__in=took).select_related("rater", "criterion", "assignment")
    yield from labels.prefetch_related("criterion__levels").order_by("pk")


def _of_voice(
    act: Recut, labels: Sequence[Label], took: Sequence[Step], made: Sequence[Step]
) -> tuple[list[tuple[Label, list[Label]]], list[tuple[Label, str]]]:
    asked = _asked(labels[0].criterion)
    at = {label.step_id: label for label in labels}
    if act.kind == RecutKind.SPLIT:
        fate = when_split(asked, labels[0].value, labels[0].text)
        new = [(_carried(act, labels, step, fate), list(labels)) for step in made if fate.is_carried]
    else:
        first, second = (at.get(step.pk) for step in took)
        fate = when_merged(asked, _said(first), _said(second))
        if fate.is_carried and len({label.assignment_id for label in labels}) > 1:
            fate = Fate(why=TWO_READINGS)
        new = [(_carried(act, labels, made[0], fate), list(labels))] if fate.is_carried else []
    return new, [] if fate.is_carried else [(label, fate.why) for label in labels]


def _asked(criterion: Criterion) -> Asked:
    levels = criterion.levels.all()
    return Asked(
        criterion.kind,
        {level.key: level.score for level in levels},
        {level.key for level in levels if level.is_error},
        criterion.stops_at_first_error,
    )


def _said(label: Label | None) -> tuple[str, str] | None:
    return None if label is None else (label.value, label.text)


def _carried(act: Recut, labels: Sequence[Label], step: Step, fate: Fate) -> Label:
    last = labels[-1]
    runs = {label.run_id for label in labels}
    return Label(
        rater=last.rater,
        criterion=last.criterion,
        step=step,
        assignment=last.assignment,
        decided_by_id=last.decided_by_id,
        run_id=last.run_id if len(runs) == 1 else None,
        value=fate.value,
        text=fate.text,
        evidence=_evidence(act, labels),
        has_seen_prelabels=any(label.has_seen_prelabels for label in labels),
    )


def _evidence(act: Recut, labels: Sequence[Label]) -> dict[str, Any]:
    """Of one label its own; of several each beside the other. A saying's key stays with the old row: it is written."""
    own = [{key: value for key, value in label.evidence.items() if key != "key"} for label in labels]
    whole = own[0] if len(own) == 1 else {"parts": own}
    return {**whole, "recut": {"version": act.version, "labels": [label.pk for label in labels]}}


def _again(act: Recut, label: Label) -> Label:
    """A label from before the act that is undone, in full: it is about the very step that is back."""
    own = {key: value for key, value in label.evidence.items() if key != "key"}
    return Label(
        rater=label.rater,
        criterion=label.criterion,
        step_id=label.step_id,
        candidate_id=label.candidate_id,
        assignment=label.assignment,
        decided_by_id=label.decided_by_id,
        run_id=label.run_id,
        value=label.value,
        score=label.score,
        text=label.text,
        distribution=label.distribution,
        evidence={**own, "recut": {"version": act.version, "labels": [label.pk]}},
        has_seen_prelabels=label.has_seen_prelabels,
    )


def _said_before(act: Recut) -> dict[Voice, list[Label]]:
    """What stood before the act that this one undoes, by those who have said nothing new since."""
    if act.undoes is None:
        return {}
    # The steps may be older than the act that is undone, and hold what was said of them then.
    since = Label.objects.filter(step__in=act.took, created_at__gte=act.undoes.created_at)
    spoke = {
        (rater, criterion)
        for rater, criterion, evidence in since.values_list("rater", "criterion", "evidence")
        if (evidence.get("recut") or {}).get("version") != act.undoes.version
    }
    found: dict[Voice, list[Label]] = defaultdict(list)
    for batch in _batches(act.undoes.retired):
        rows = Label.objects.filter(pk__in=batch).select_related("rater", "criterion", "assignment")
        for label in rows.order_by("pk"):
            voice = (label.rater_id, label.criterion_id)
            if voice not in spoke:
                found[voice].append(label)
    return dict(found)


def _batches(ids: Iterable[int]) -> Iterator[list[int]]:
    every = list(ids)
    for start in range(0, len(every), BATCH):
        yield every[start : start + BATCH]
