"""Open a run: settle what it means, who may ask for it, and what it is about. Part of ``actions``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext

from annotate.enums import RunKind, Scope
from annotate.errors import Rejected
from annotate.ingest.pairing import pair_traces
from annotate.ingest.presets import ready_made_with
from annotate.models import Criterion, Pair, Person, Project, Rater, Run, Trace, Unit
from annotate.prelabel.audit.actions import open_audit
from annotate.prelabel.audit.entry import is_auditable
from annotate.prelabel.entries import StrategyEntry
from annotate.prelabel.strategies import strategy_called

from .budget import checked_limit
from .raters import machine_rater
from .rows import storable_json

# It names no folder and no network, so nobody has to allow it.
_SANDBOX = "sandbox:"


@transaction.atomic
def open_run(
    project: Project,
    *,
    strategy: str,
    backend: str = "",
    settings: Mapping[str, Any] | None = None,
    criterion_key: str | None = None,
    created_by: Person | None = None,
    traces: QuerySet[Trace] | None = None,
    pairs: QuerySet[Pair] | None = None,
    pairs_per_problem: int = 1,
    rater_name: str = "",
    allowed_backends: Sequence[str] | None = None,
    budget_tokens: int | None = None,
    budget_completions: int | None = None,
    audit: bool = True,
) -> Run:
    """Write a run and one unit for each of ``traces``, or of ``pairs`` where the strategy compares.

    By default it is about all of the project's; where there are no pairs yet, ``pairs_per_problem`` of each problem's
    traces are made. The settings are stored in full, defaults included, so that the run
    means the same after a default changes. ``budget_tokens`` (read and written together) and ``budget_completions``
    stop the run once that much is stored. A judge that has not run here before has its ``audit`` opened too. Nothing is
    sent to a worker here.

    ``allowed_backends`` are those that somebody other than the operator may name; None allows every one. A worker
    opens the folder or calls the address it is given, so a free choice would lend out its disk and its network.

    Raises Rejected (naming the field) for settings, criterion, backend, traces or pairs that cannot work, Conflict
    when ``rater_name`` belongs to another configuration.
    """
    entry = strategy_called(strategy)
    resolved = storable_json(asdict(entry.settings(settings or {})))
    backend = _checked_backend(entry, backend, allowed_backends)
    _check_players(entry, resolved, allowed_backends)
    _check_hint(project, resolved)
    criterion = _criterion(project, entry, criterion_key or entry.usual_criterion)
    if entry.task == "pair":
        chosen = _chosen_pairs(project, pairs, pairs_per_problem)
    else:
        chosen = _chosen_traces(project, traces)
    if entry.task == "trace" and pairs is not None:
        raise Rejected(gettext("%(name)s labels traces, not pairs") % {"name": entry.name}, field="pairs")
    rater = machine_rater(project, entry, backend=backend, settings=resolved, name=rater_name)
    run = Run.objects.create(
        project=project,
        kind=RunKind.PRELABEL,
        name=entry.name,
        criterion=criterion,
        rater=rater,
        backend=backend,
        settings=resolved,
        budget_tokens=checked_limit("budget_tokens", budget_tokens),
        budget_completions=checked_limit("budget_completions", budget_completions),
        created_by=created_by,
    )
    Unit.objects.bulk_create(_units(run, entry, chosen), batch_size=1000)
    if audit and is_auditable(entry) and not Run.objects.filter(rater=rater).exclude(pk=run.pk).exists():
        open_audit(rater, criterion, created_by=created_by)
    return run


def may_use(backend: str, allowed: Sequence[str] | None) -> bool:
    """Whether ``allowed`` names the backend; an entry that ends in a star allows whatever begins like it.

    What a star stands for may set options, and neither name a further server (addresses are separated by commas) nor
    a variable of the worker's environment to be sent to it as a key.
    """
    return allowed is None or backend == _SANDBOX or any(_is_allowed_by(one, backend) for one in allowed)


def _is_allowed_by(entry: str, backend: str) -> bool:
    if not entry.endswith("*"):
        return backend == entry
    rest = backend[len(entry) - 1 :]
    place = rest.partition("?")[0]
    is_elsewhere = "," in rest or "@" in place or ".." in place
    # A percent sign could spell any of these out later.
    return backend.startswith(entry[:-1]) and not is_elsewhere and "%" not in rest and "key_env" not in rest


def _checked_backend(entry: StrategyEntry, backend: str, allowed: Sequence[str] | None) -> str:
    if not entry.needs_backend:
        return ""
    if not backend:
        raise Rejected(
            gettext("%(name)s asks a model: name a backend") % {"name": entry.name}, field="backend"
        )
    _check_use(backend, allowed, "backend")
    return backend


def _check_players(entry: StrategyEntry, settings: Mapping[str, Any], allowed: Sequence[str] | None) -> None:
    for player, address in entry.player_addresses(settings).items():
        source = entry.players[player]
        if not source.startswith("="):
            _check_use(address, allowed, source)


def _check_use(address: str, allowed: Sequence[str] | None, field: str) -> None:
    if not may_use(address, allowed):
        known = ", ".join(allowed or ()) or "none (the operator names them in GRADUS_BACKENDS)"
        raise Rejected(
            gettext("is not among the models people may use here: %(known)s") % {"known": known}, field=field
        )


def _check_hint(project: Project, settings: Mapping[str, Any]) -> None:
    name = settings.get("hint_rater")
    if name and not Rater.objects.filter(project=project, name=name).exists():
        raise Rejected(
            gettext("the project has no rater called %(name)s") % {"name": name}, field="hint_rater"
        )


def _criterion(project: Project, entry: StrategyEntry, key: str) -> Criterion:
    criteria = Criterion.objects.select_related("rubric").filter(rubric=project.rubric_id)
    found = criteria.filter(key=key).first()
    if found is None:
        known = ", ".join(criteria.values_list("key", flat=True)) or "none"
        raise Rejected(
            gettext("the project's rubric has no criterion %(key)s; it has: %(known)s%(key_)s")
            % {"key": key, "known": known, "key_": _how_to_add(project, key)},
            field="criterion",
        )
    if found.scope == Scope.CANDIDATE:
        raise Rejected(
            gettext("%(key)s is asked about candidates, which people rate") % {"key": key}, field="criterion"
        )
    if (found.scope == Scope.PAIR) != (entry.task == "pair"):
        asked, labelled = (
            ("pairs", "traces")
            if found.scope == Scope.PAIR
            else (gettext("a %(scope)s") % {"scope": found.scope}, "pairs")
        )
        raise Rejected(
            gettext("%(key)s is asked about %(asked)s, %(name)s labels %(labelled)s")
            % {"key": key, "asked": asked, "name": entry.name, "labelled": labelled},
            field="criterion",
        )
    return found


def _how_to_add(project: Project, key: str) -> str:
    name = ready_made_with(key)
    return (
        gettext(". To add it: python3 manage.py rubric %(slug)s --add %(name)s")
        % {"slug": project.slug, "name": name}
        if name
        else ""
    )


# (key of the trace or pair, its problem)
_Chosen = list[tuple[int, int]]


def _chosen_traces(project: Project, traces: QuerySet[Trace] | None) -> _Chosen:
    wanted = traces if traces is not None else project.traces.all()
    return _of_project(project, wanted.order_by("pk").values_list("pk", "project", "problem"), "trace")


def _chosen_pairs(project: Project, pairs: QuerySet[Pair] | None, per_problem: int) -> _Chosen:
    wanted = pairs if pairs is not None else project.pairs.all()
    if pairs is None and not wanted.exists() and not pair_traces(project, per_problem=per_problem):
        raise Rejected(
            gettext("no problem has two traces that differ, so there is no pair to compare"), field="pairs"
        )
    problem = Coalesce("left_trace__problem", "left_step__trace__problem")
    return _of_project(project, wanted.order_by("pk").values_list("pk", "project", problem), "pair")


def _of_project(project: Project, rows: QuerySet[Any], noun: str) -> _Chosen:
    chosen = list(rows)
    if not chosen:
        raise Rejected(gettext("there is no %(noun)s to label") % {"noun": noun}, field=f"{noun}s")
    if any(owner != project.pk for _, owner, _ in chosen):
        raise Rejected(gettext("a %(noun)s belongs to another project") % {"noun": noun}, field=f"{noun}s")
    return [(pk, problem) for pk, _, problem in chosen]


def _units(run: Run, entry: StrategyEntry, chosen: _Chosen) -> Iterator[Unit]:
    for pk, problem in chosen:
        about = {"pair_id": pk} if entry.task == "pair" else {"trace_id": pk}
        yield Unit(run=run, problem_id=problem, **about)
