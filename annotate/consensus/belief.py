"""What is believed of traces, by the fit that a consensus run has kept and the labels they hold now.

A label that has come in since is read at once; the fit itself is of the run. Reviewers' decisions count as in the run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice
from typing import Any

import numpy as np
from django.db.models import QuerySet

from annotate.consensus.base_models import Origin
from annotate.consensus.contracts import TraceEvidence
from annotate.consensus.evidence import Standing, evidence_of, question_of, trace_evidence
from annotate.consensus.located import Believed, Located
from annotate.consensus.policies.posterior import PosteriorSettings
from annotate.enums import RaterKind, RunKind, Scope
from annotate.models import ConsensusFit, Criterion, Rater, Run, Trace
from annotate.settings import build_settings
from annotate.stats.codes import FloatArray, IntArray
from annotate.stats.locate.decide import statuses
from annotate.stats.locate.evidence import Evidence
from annotate.stats.locate.fit import LocationFit
from annotate.stats.locate.result import LocationPosterior
from annotate.stats.locate.shares import PRIOR, ROLLOUTS, Ledger, ledger
from annotate.stats.locate.stored import from_json

_FITS_HELD = 16
# Names of the ledger's signals that are no raters.
PRIOR_NAME, ROLLOUTS_NAME = "prior", "rollouts"


@dataclass(frozen=True, slots=True)
class Signal:
    """A line of the ledger: what it adds to the log-odds of the best place against the next, and its share of all.

    ``rater`` is None for ``prior`` (answer, difficulty, where errors usually are) and ``rollouts``. ``own`` is where it
    puts the error by itself, -1 for none.
    """

    name: str
    rater: int | None
    kind: str
    log_odds: float
    share: float
    own: int


@dataclass(frozen=True, eq=False)
class Belief:
    """What is believed of one trace.

    ``located`` holds the fit with everybody who has spoken here, ``evidence`` the trace's own, so that what a further
    reading is worth can be asked of both. ``is_learned`` is False where the fit is nothing but assumptions.
    """

    run: int
    trace: int
    located: Located
    evidence: Evidence
    posterior: LocationPosterior
    has_signal: bool
    # By rater: name and kind; None until somebody asks, for most do not.
    known_names: Mapping[int, tuple[str, str]] | None = None

    @cached_property
    def names(self) -> Mapping[int, tuple[str, str]]:
        """Name and kind of every rater who speaks here, and perhaps of others."""
        if self.known_names is not None:
            return self.known_names
        spoken = np.union1d(self.evidence.reports.rater, self.evidence.verdicts.rater).tolist()
        named = Rater.objects.filter(pk__in=[self.raters[code] for code in spoken])
        return {pk: (name, kind) for pk, name, kind in named.values_list("pk", "name", "kind")}

    @property
    def fit(self) -> LocationFit:
        return self.located.fit

    @property
    def raters(self) -> tuple[int, ...]:
        """Ids by the fit's number; below 0 somebody new of a kind (``located.SOMEBODY``)."""
        return self.located.raters

    @property
    def is_learned(self) -> bool:
        return self.located.is_learned

    @property
    def correct(self) -> FloatArray:
        """(n_steps,) P(correct) of each step."""
        return self.posterior.correct

    @property
    def status(self) -> IntArray:
        """(n_steps,) the most probable of good, first error and behind it."""
        return statuses(self.posterior)[0]

    @property
    def risk(self) -> FloatArray:
        """(n_steps,) how probably that is wrong."""
        return statuses(self.posterior)[1]

    @property
    def best(self) -> int:
        """The most probable place of the first error, -1 for none."""
        return int(self.posterior.best[0])

    def ledger(self) -> Ledger:
        """Signal by signal, without what reviewers have decided."""
        return ledger(self.fit, self.evidence, 0)

    def signals(self) -> list[Signal]:
        """The ledger's lines by name, the heaviest first."""
        found = self.ledger()
        lines = zip(
            found.signal.tolist(),
            found.log_odds.tolist(),
            found.share.tolist(),
            found.own.tolist(),
            strict=True,
        )
        return sorted((self._signal(*line) for line in lines), key=lambda one: -one.share)

    def _signal(self, code: int, log_odds: float, share: float, own: int) -> Signal:
        if code in (PRIOR, ROLLOUTS):
            name = PRIOR_NAME if code == PRIOR else ROLLOUTS_NAME
            return Signal(name, None, name, log_odds, share, own)
        rater = self.raters[code]
        name, kind = self.names.get(rater, (str(rater), ""))
        return Signal(name, rater, kind, log_odds, share, own)


def belief_of(run: Run, trace: Trace, standing: Standing | None = None) -> Belief | None:
    """What the run's fit makes of the labels the trace holds now; None for a run that kept no fit.

    Whoever works through many traces reads the ``standing`` of their project's raters once for all.
    """
    source = _source(run)
    if source is None:
        return None
    return source.belief(evidence_of(trace, *source.criteria, details=True, standing=standing))


def beliefs_of(run: Run) -> Iterator[Belief]:
    """The same of every trace of the run's project, in order of its id."""
    source = _source(run)
    if source is None:
        return
    names = {pk: (name, kind) for pk, name, kind in _raters(run).values_list("pk", "name", "kind")}
    for said in trace_evidence(run.project, *source.criteria, details=True):
        yield source.belief(said, names)


def in_batches(run: Run, size: int) -> Iterator[tuple[Located, Believed]]:
    """What is believed of all traces of the run's project now, ``size`` at a time, in order of their ids.

    Empty for a run that kept no fit. The memory is that of a batch, however many traces there are.
    """
    source = _source(run)
    if source is None:
        return
    located = source.with_all(run)
    evidence = trace_evidence(run.project, *source.criteria, details=True)
    while some := list(islice(evidence, size)):
        yield located, located.believed(some)


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """Every trace of a project at once: ``traces`` (n,) their ids, in the order of ``evidence`` and ``posterior``."""

    located: Located
    traces: IntArray
    evidence: Evidence
    posterior: LocationPosterior


def corpus_of(run: Run) -> Corpus | None:
    """What is believed of all traces of the project now, in columns; None for a run that kept no fit.

    Its memory is that of the labels as numbers: about 100 bytes for each.
    """
    source = _source(run)
    if source is None:
        return None
    located = source.with_all(run)
    believed = located.believed(trace_evidence(run.project, *source.criteria, details=True))
    ids = np.array(believed.gathered.ids, dtype=np.int64)
    return Corpus(located, ids, believed.evidence, believed.posterior)


@dataclass(frozen=True, slots=True)
class _Source:
    run: int
    located: Located
    criteria: tuple[Criterion, ...]

    def belief(self, said: TraceEvidence, names: Mapping[int, tuple[str, str]] | None = None) -> Belief:
        kinds = {vote.rater: vote.kind for step in said.steps for vote in step.votes}
        located = self.met(kinds)
        found: Believed = located.believed([said])
        return Belief(
            self.run,
            said.trace,
            located,
            found.evidence,
            found.posterior,
            bool(found.has_signal[0]),
            names,
        )

    def met(self, kinds: Mapping[int, RaterKind]) -> Located:
        strangers = self.located.strangers(kinds)
        machines = [rater for rater, kind in strangers.items() if kind != RaterKind.PERSON]
        return self.located.met(strangers, _origins(machines) if machines else {})

    def with_all(self, run: Run) -> Located:
        """With every rater of the project."""
        return self.met({pk: RaterKind(kind) for pk, kind in _raters(run).values_list("pk", "kind")})


def _source(run: Run) -> _Source | None:
    # A run is never changed once it is over, and its number never given again to another that ended at that moment.
    return _read(run.pk, str(run.finished_at)) if run.kind == RunKind.CONSENSUS else None


@lru_cache(maxsize=_FITS_HELD)
def _read(run_id: int, finished_at: str) -> _Source | None:
    kept = ConsensusFit.objects.select_related("run__criterion__rubric").filter(run_id=run_id).first()
    if kept is None:
        return None
    run = kept.run
    settings: Any = build_settings(PosteriorSettings, run.settings)
    levels = question_of(run.criterion).levels
    located = Located(
        from_json(kept.detail),
        tuple(kept.raters),
        levels,
        settings.rollout_criterion,
        settings.with_machines,
        _origins([pk for pk in kept.raters if pk > 0]),
    )
    also = run.criterion.rubric.criteria.filter(key=settings.rollout_criterion, scope=Scope.STEP)
    return _Source(run_id, located, (run.criterion, *also.exclude(pk=run.criterion_id)))


def _origins(raters: Collection[int]) -> dict[int, Origin]:
    """Of the machines among these."""
    machines = Rater.objects.filter(pk__in=raters, kind__in=[RaterKind.JUDGE, RaterKind.VERIFIER])
    return {pk: Origin.of(config or {}) for pk, config in machines.values_list("pk", "config")}


def _raters(run: Run) -> QuerySet[Rater]:
    return Rater.objects.filter(project=run.project_id)
