"""Labels made elsewhere, entered under their raters. Called by actions.py, inside its transaction."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from annotate.enums import COMPARED, WORDING_KINDS, CriterionKind, RaterKind, Scope
from annotate.errors import Rejected
from annotate.ingest.drafts import BadRow, LabelDraft, RaterDraft
from annotate.ingest.fields import check_plain, clean_text, one_line
from annotate.ingest.founding import freeze_rubric
from annotate.ingest.label_fields import MAX_RATER_NAME
from annotate.ingest.rankings import read_ranking
from annotate.ingest.rows import NO_JSON, insert_rows, instant
from annotate.ingest.tags import tidy_tags
from annotate.logbook import note
from annotate.models import Criterion, Label, Project, Rater

_FIELDS = (
    "rater",
    "criterion",
    "step",
    "trace",
    "pair",
    "lineup",
    "value",
    "score",
    "text",
    "distribution",
    "seconds",
    "evidence",
    "supersedes",
    "has_seen_prelabels",
    "is_live",
    "created_at",
)
Key = tuple[str, int, int | None, int | None, int | None, int | None]


@dataclass(frozen=True, slots=True)
class PlacedLabel:
    """A label with its target: a step, a trace, a pair or a lineup."""

    line: int
    draft: LabelDraft
    criterion: Criterion
    step_id: int | None
    trace_id: int | None
    pair_id: int | None = None
    lineup_id: int | None = None

    @property
    def key(self) -> Key:
        """Who said it about what: one live label may hold each."""
        targets = (self.step_id, self.trace_id, self.pair_id, self.lineup_id)
        return self.draft.rater.name, self.criterion.pk, *targets


@dataclass(slots=True)
class LabelPlan:
    """What entering some labels comes to, before anything is written."""

    fresh: list[PlacedLabel] = field(default_factory=list)
    revisions: list[tuple[PlacedLabel, Label]] = field(default_factory=list)
    unchanged: list[PlacedLabel] = field(default_factory=list)
    refused: list[BadRow] = field(default_factory=list)

    def without(self, lines: set[int]) -> LabelPlan:
        """The plan less everything from these rows."""
        return LabelPlan(
            fresh=[placed for placed in self.fresh if placed.line not in lines],
            revisions=[pair for pair in self.revisions if pair[0].line not in lines],
            unchanged=[placed for placed in self.unchanged if placed.line not in lines],
            refused=self.refused,
        )


class LabelBook:
    """The raters and questions of one project, and the only way into its labels from a file."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._raters = {rater.name: rater for rater in Rater.objects.filter(project=project)}
        self._claims: dict[str, RaterDraft] = {}
        criteria = (
            Criterion.objects.filter(rubric=project.rubric).prefetch_related("levels")
            if project.rubric
            else ()
        )
        self._criteria = {criterion.key: criterion for criterion in criteria}
        self._levels = {
            criterion.key: frozenset(level.key for level in criterion.levels.all()) for criterion in criteria
        }

    def check(self, draft: LabelDraft, *, n_steps: int) -> Criterion:
        """The criterion of a label that can be entered on a trace of ``n_steps``; Rejected with the field if not."""
        criterion = self._check(draft)
        if criterion.scope == Scope.STEP and draft.position is None:
            raise Rejected(f"{criterion.key} is asked about steps; say which", field=draft.place("step"))
        if criterion.scope == Scope.TRACE and draft.position is not None:
            raise Rejected(f"{criterion.key} is asked about the whole trace", field=draft.place("step"))
        if criterion.scope in (*COMPARED, Scope.CANDIDATE):
            raise Rejected(
                f"{criterion.key} is asked about {criterion.scope}s", field=draft.place("criterion")
            )
        if draft.position is not None and draft.position >= n_steps:
            raise Rejected(
                f"the trace has no step {draft.position}; its steps are 0 to {n_steps - 1}",
                field=draft.place("step"),
            )
        return criterion

    def check_of_pair(self, draft: LabelDraft) -> Criterion:
        """The same for a label on a pair."""
        criterion = self._criteria.get(draft.criterion)
        if criterion is not None and criterion.scope != Scope.PAIR:
            raise Rejected(
                f"{criterion.key} is asked about {criterion.scope}s, not about pairs",
                field=draft.place("criterion"),
            )
        return self._check(draft)

    def check_of_lineup(self, draft: LabelDraft, size: int) -> Criterion:
        """The same for an order of ``size`` traces."""
        criterion = self._criteria.get(draft.criterion)
        if criterion is not None and criterion.kind != CriterionKind.RANKING:
            raise Rejected(f"{criterion.key} puts no lineup in order", field=draft.place("criterion"))
        return self._check(draft, size)

    def asks(self, draft: LabelDraft) -> bool:
        """Whether the rubric has the question that a label answers."""
        return draft.criterion in self._criteria

    def plan(self, labels: Iterable[PlacedLabel]) -> LabelPlan:
        """Compare labels with the live ones on their targets. Each key at most once."""
        by_key = {placed.key: placed for placed in labels}
        live = self._live(by_key.values())
        plan = LabelPlan()
        for key, placed in by_key.items():
            standing = live.get(key)
            if standing is None:
                plan.fresh.append(placed)
            elif _is_same(standing, placed.draft):
                plan.unchanged.append(placed)
            elif standing.assignment_id is not None or standing.run_id is not None:
                reason = "differs from a label made in this project, which a file cannot revise"
                plan.refused.append(BadRow(placed.line, placed.draft.place("value"), reason))
            else:
                plan.revisions.append((placed, standing))
        return plan

    def enter(self, plan: LabelPlan) -> int:
        """Write a plan; how many labels were written. Effects in order: rubric frozen, raters, labels."""
        entries = [*((placed, None) for placed in plan.fresh), *plan.revisions]
        if not entries:
            return 0
        assert self._project.rubric is not None  # check() found the criterion in it
        freeze_rubric(self._project.rubric)
        self._make_raters(placed.draft.rater for placed, _ in entries)
        superseded = [standing.pk for _, standing in plan.revisions]
        if superseded:
            Label.objects.filter(pk__in=superseded).update(is_live=False)
        insert_rows(Label, _FIELDS, [self._row(placed, standing) for placed, standing in entries])
        self._note_gold(entries)
        return len(entries)

    def _note_gold(self, entries: Sequence[tuple[PlacedLabel, Any]]) -> None:
        """Gold is what others are measured by: who brought in how much of it stands in the logbook."""
        gold = [
            (placed.draft.rater.name, standing)
            for placed, standing in entries
            if placed.draft.rater.kind == RaterKind.GOLD
        ]
        if gold:
            note(
                "brought in",
                "gold",
                project=self._project.pk,
                before={"superseded": sum(standing is not None for _, standing in gold)},
                after=dict(Counter(name for name, _ in gold)),
            )

    def _check(self, draft: LabelDraft, size: int = 0) -> Criterion:
        """``size``: of the lineup that it puts in order, where it does."""
        self._check_rater(draft)
        criterion = self._criteria.get(draft.criterion)
        if criterion is None:
            known = ", ".join(self._criteria) or "none"
            reason = f"the rubric has no criterion {draft.criterion!r}; it has {known}"
            raise Rejected(reason, field=draft.place("criterion"))
        if size:
            read_ranking(draft.value, size)
        else:
            self._check_value(draft, criterion)
        if draft.text:
            clean_text(draft.text, draft.place("text"))
        if draft.evidence:
            check_plain(dict(draft.evidence), draft.place("evidence"))
        return criterion

    def _check_rater(self, draft: LabelDraft) -> None:
        wanted, known = draft.rater, self._raters.get(draft.rater.name)
        if known is not None and known.person_id is not None:
            reason = (
                f"{wanted.name!r} is somebody with an account here; name labels made elsewhere differently"
            )
            raise Rejected(reason, field=draft.place("rater"))
        if known is None and wanted.name not in self._claims:
            # Other tools name their people and models as they like.
            place = draft.place("rater")
            one_line(clean_text(wanted.name, place, limit=MAX_RATER_NAME), place)
        standing = known or self._claims.setdefault(wanted.name, wanted)
        if standing.kind != wanted.kind:
            reason = f"{wanted.name!r} is of kind {standing.kind}, not {wanted.kind}"
            raise Rejected(reason, field=draft.place("rater_kind"))
        is_simulated = bool(standing.is_simulated)
        if wanted.is_simulated is not None and wanted.is_simulated != is_simulated:
            reason = f"{wanted.name!r} is known as {'simulated' if is_simulated else 'not simulated'}"
            raise Rejected(reason, field=draft.place("is_simulated"))

    def _check_value(self, draft: LabelDraft, criterion: Criterion) -> None:
        levels = self._levels[criterion.key]
        if criterion.kind in WORDING_KINDS:
            if draft.value or not draft.text.strip():
                raise Rejected(f"{criterion.key} asks for a text and no value", field=draft.place("text"))
            return
        if criterion.kind == CriterionKind.RANKING:
            raise Rejected(
                f"{criterion.key} puts a lineup in order, which a file cannot name",
                field=draft.place("criterion"),
            )
        if criterion.kind == CriterionKind.PICK:
            raise Rejected(
                f"{criterion.key} picks one of the alternatives, which a file cannot name",
                field=draft.place("criterion"),
            )
        if criterion.kind == CriterionKind.GROUP:
            raise Rejected(
                f"{criterion.key} is a heading over other questions", field=draft.place("criterion")
            )
        if criterion.kind == CriterionKind.TAGS:
            try:
                in_order = tidy_tags(draft.value, levels, criterion.severities)
            except Rejected as refusal:
                raise Rejected(f"{criterion.key}: {refusal.reason}", field=draft.place("value")) from None
            if draft.value != in_order:
                reason = f"name each tag once, in alphabetical order: {in_order}"
                raise Rejected(reason, field=draft.place("value"))
        elif draft.value not in levels:
            known = ", ".join(sorted(levels))
            raise Rejected(
                f"{draft.value!r} is not a level of {criterion.key}: {known}", field=draft.place("value")
            )

    def _live(self, labels: Iterable[PlacedLabel]) -> dict[Key, Label]:
        steps = {placed.step_id for placed in labels if placed.step_id is not None}
        traces = {placed.trace_id for placed in labels if placed.trace_id is not None}
        pairs = {placed.pair_id for placed in labels if placed.pair_id is not None}
        lineups = {placed.lineup_id for placed in labels if placed.lineup_id is not None}
        # Others may have labelled these steps many times over.
        raters = {self._raters[name].pk for name in self._names(labels)}
        theirs = Label.objects.live().filter(rater__in=raters).select_related("rater")
        found: list[Label] = []
        if steps and raters:
            found += theirs.filter(step__in=steps)
        if traces and raters:
            found += theirs.filter(trace__in=traces)
        if pairs and raters:
            found += theirs.filter(pair__in=pairs)
        if lineups and raters:
            found += theirs.filter(lineup__in=lineups)
        return {_key_of(label): label for label in found}

    def _names(self, labels: Iterable[PlacedLabel]) -> set[str]:
        """Of those who have labelled here before."""
        return {placed.draft.rater.name for placed in labels} & self._raters.keys()

    def _make_raters(self, drafts: Iterable[RaterDraft]) -> None:
        for draft in drafts:
            if draft.name in self._raters:
                continue
            is_simulated = bool(self._claims[draft.name].is_simulated)
            # Another file may have named the same rater since this one was opened.
            self._raters[draft.name], _ = Rater.objects.get_or_create(
                project=self._project,
                name=draft.name,
                defaults={"kind": draft.kind, "is_simulated": is_simulated},
            )

    def _row(self, placed: PlacedLabel, supersedes: Label | None) -> tuple[Any, ...]:
        draft = placed.draft
        return (
            self._raters[draft.rater.name].pk,
            placed.criterion.pk,
            placed.step_id,
            placed.trace_id,
            placed.pair_id,
            placed.lineup_id,
            draft.value,
            draft.score,
            draft.text,
            json.dumps(dict(draft.distribution)) if draft.distribution else None,
            draft.seconds,
            json.dumps(dict(draft.evidence)) if draft.evidence else NO_JSON,
            supersedes and supersedes.pk,
            False,
            True,
            instant(timezone.now()),
        )


def _key_of(label: Label) -> Key:
    targets = (label.step_id, label.trace_id, label.pair_id, label.lineup_id)
    return label.rater.name, label.criterion_id, *targets


def _is_same(standing: Label, draft: LabelDraft) -> bool:
    # A file that does not say how long it took, or how sure it was, does not contradict one that does.
    return (standing.value, standing.text) == (draft.value, draft.text) and all(
        said is None or said == known
        for said, known in (
            (draft.seconds, standing.seconds),
            (draft.score, standing.score),
            (draft.distribution, standing.distribution),
        )
    )


def repeated(labels: Sequence[LabelDraft]) -> LabelDraft | None:
    """The first label that speaks of what another by the same rater has spoken of already."""
    seen: set[tuple[str, str, int | None]] = set()
    for label in labels:
        key = (label.rater.name, label.criterion, label.position)
        if key in seen:
            return label
        seen.add(key)
    return None
