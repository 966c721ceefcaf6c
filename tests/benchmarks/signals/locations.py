"""Figure: exact location of the first error against what it cost, for every rollout strategy (iso-compute)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from annotate.prelabel.contracts import TraceTask
from fixtures.tinylm.intervals import Figure, share
from tests.benchmarks.signals.chart import Line, Panel, chart
from tests.benchmarks.signals.contenders import Contender, contenders
from tests.benchmarks.signals.playing import Answerer, Grade, Played
from tests.benchmarks.signals.scripted import RECOVERY, ScriptedTrace, grade_scripted, scripted_traces
from tests.benchmarks.signals.tables import ranged, table

DEVELOPMENT_SEED, REPORT_SEED = 1, 202
STEPS = (6, 12, 24, 48)
CHART = Path("docs/images/iso-compute.svg")
MEASURE = "fixed, k = 8"
HEAD = (
    "strategy",
    "exact place (95 %)",
    "labelled",
    "of these exact",
    "rollouts",
    "tokens",
    "of fixed k = 8",
    "waves",
)
# The lines of the chart; what has one setting only is a dot.
DRAWN = (
    "fixed",
    "fixed, read by change point",
    "scan",
    "bisect",
    "relative",
    "denoise",
    "adaptive",
    "adaptive, with judge",
)


@dataclass(frozen=True, slots=True)
class Case:
    """A trace with a wrong answer, its true place, what a judge says of it, and where its rollouts come from."""

    task: TraceTask
    place: int
    hint: int
    answer: Answerer


@dataclass(frozen=True, slots=True)
class Row:
    contender: Contender
    exact: Figure
    labelled: float
    exact_where_labelled: Figure | None
    rollouts: float
    tokens: float
    waves: float


def rows_of(cases: Sequence[Case], field: Sequence[Contender], grade: Grade) -> list[Row]:
    return [_row(contender, cases, grade) for contender in field]


def print_rows(title: str, rows: Sequence[Row]) -> None:
    """One table; ``of fixed k = 8`` compares tokens."""
    measure = _measure(rows).tokens
    print(f"\n### {title}\n")
    print(
        table(
            HEAD,
            [
                (
                    row.contender.name,
                    ranged(row.exact),
                    f"{row.labelled:.0%}",
                    ranged(row.exact_where_labelled) if row.exact_where_labelled else "–",
                    f"{row.rollouts:.1f}",
                    f"{row.tokens:,.0f}",
                    f"{row.tokens / measure:.0%}",
                    f"{row.waves:.1f}",
                )
                for row in rows
            ],
        )
    )


def panel_of(title: str, rows: Sequence[Row]) -> Panel:
    measure = _measure(rows).tokens
    lines = []
    for family in DRAWN:
        points = [(row.tokens / measure, row.exact.value) for row in rows if row.contender.family == family]
        if points:
            lines.append(Line(family, tuple(sorted(points))))
    return Panel(title, tuple(lines))


def print_targets(measured: Sequence[tuple[str, Sequence[Row]]]) -> None:
    """Adaptive within 35 % and scan within 50 % of the tokens of fixed k = 8, at no lower accuracy."""
    print("\n### Targets: tokens of fixed k = 8, at no lower accuracy\n")
    lines = []
    for title, rows in measured:
        fixed = _measure(rows)
        for name, limit in (
            ("adaptive, 0.95 (default)", 0.35),
            ("adaptive, with judge, 0.95 (default)", 0.35),
            ("scan, k = 8", 0.50),
        ):
            row = next(row for row in rows if row.contender.name == name)
            part = row.tokens / fixed.tokens
            is_met = part <= limit and row.exact.value >= fixed.exact.value
            against = f"{row.exact.value:.3f} against {fixed.exact.value:.3f}"
            lines.append((title, name, f"{part:.0%} (≤ {limit:.0%})", against, "met" if is_met else "missed"))
    print(table(("where", "strategy", "tokens", "exact place", "target"), lines))


def print_equal(measured: Sequence[tuple[str, Sequence[Row]]]) -> None:
    """Of every family the cheapest setting that places no fewer errors than fixed k = 8."""
    print(
        "\n### Tokens at no lower accuracy than fixed k = 8: cheapest setting of each strategy (share of its tokens)\n"
    )
    families = list(dict.fromkeys(row.contender.family for _, rows in measured for row in rows))
    lines = []
    for family in families:
        cells = []
        for _, rows in measured:
            fixed = _measure(rows)
            able = [r for r in rows if r.contender.family == family and r.exact.value >= fixed.exact.value]
            best = min(able, key=lambda row: row.tokens, default=None)
            cells.append(
                f"{best.tokens / fixed.tokens:.0%} ({best.contender.label})" if best else "not reached"
            )
        lines.append((family, *cells))
    print(table(("strategy", *(title for title, _ in measured)), lines))


def scripted_figures(*, quick: bool, n: int | None, seed: int) -> None:
    """The scripted worlds: weak and strong recovery at four lengths."""
    n = n or (60 if quick else 400)
    field = contenders()
    print(f"{n} scripted traces per world, seed {seed}; the defaults were set on seed {DEVELOPMENT_SEED}.")
    print(
        "Tokens are those written, 30 for every step a rollout has left; attempts at the bare problem are included."
    )
    measured = []
    for recovery in RECOVERY:
        for steps in STEPS:
            traces = list(scripted_traces(recovery, steps, n, seed))
            title = f"{recovery} recovery, {steps} steps"
            rows = rows_of([_case(trace) for trace in traces], field, grade_scripted)
            exact = share([[trace.hint == trace.first_error] for trace in traces])
            missed = fmean(trace.hint < 0 for trace in traces)
            print_rows(f"{title} (the judge alone: {ranged(exact)} exact, {missed:.0%} missed)", rows)
            measured.append((title, rows))
    print_equal(measured)
    print_targets(measured)
    if not quick:
        CHART.write_text(
            chart([panel_of(title, rows) for title, rows in measured], columns=4), encoding="utf-8"
        )
        print(f"\nThe curves are in {CHART}.")


def _case(trace: ScriptedTrace) -> Case:
    return Case(trace.task, trace.first_error, trace.hint, trace.answer)


def _row(contender: Contender, cases: Iterable[Case], grade: Grade) -> Row:
    played: list[tuple[Case, Played]] = [
        (case, contender.play(case.task, case.answer, grade, case.hint)) for case in cases
    ]
    standing = [[p.finding.summary["first_error"] == case.place] for case, p in played if p.is_labelled]
    return Row(
        contender,
        share([[p.place == case.place] for case, p in played]),
        fmean(p.is_labelled for _, p in played),
        share(standing) if standing else None,
        fmean(p.rollouts for _, p in played),
        fmean(p.tokens for _, p in played),
        fmean(p.waves for _, p in played),
    )


def _measure(rows: Sequence[Row]) -> Row:
    return next(row for row in rows if row.contender.name == MEASURE)
