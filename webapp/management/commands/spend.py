"""``python3 manage.py spend PROJECT``: what to buy next for its traces, and buying it."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandParser
from rich.table import Table

from annotate.consensus.buying import Order, buy
from annotate.consensus.costs import Prices, names_of
from annotate.consensus.spending import (
    MOST_TRACES,
    USUAL_BUDGET,
    USUAL_TRACES,
    Lot,
    Market,
    What,
    as_json,
    market_of,
    plan,
    title_of,
)
from annotate.errors import Conflict
from annotate.models import Project
from webapp.management.base import GradusCommand
from workers.tasks.prelabel import send_run


class Command(GradusCommand):
    help = "Say what to buy next for a project's traces: more rollouts, more votes of a judge, or people; and buy it."

    def add_arguments(self, parser: CommandParser) -> None:
        prices = Prices()
        parser.add_argument("project", help="slug of the project")
        parser.add_argument(
            "--budget", type=float, default=USUAL_BUDGET, help=f"in dollars (default: {USUAL_BUDGET:g})"
        )
        parser.add_argument(
            "--person-hour",
            type=float,
            default=prices.person_hour,
            help=f"dollars for an hour of a person's time (default: {prices.person_hour:g})",
        )
        parser.add_argument(
            "--million-tokens",
            type=float,
            default=prices.million_tokens,
            help="dollars for a million tokens, where runs have recorded no cost"
            f" (default: {prices.million_tokens:g})",
        )
        parser.add_argument(
            "--traces",
            type=int,
            default=USUAL_TRACES,
            help=f"look at so many traces, those worth most (default: {USUAL_TRACES}, at most {MOST_TRACES})",
        )
        parser.add_argument(
            "--buy",
            nargs="+",
            choices=[*What],
            metavar="WHAT",
            help="take these lots: rollouts, votes, person",
        )
        parser.add_argument("--json", action="store_true", help="print the plan as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        project = self.project(options["project"])
        prices = Prices(options["person_hour"], options["million_tokens"])
        market = market_of(project, prices, most=options["traces"])
        if market is None:
            raise Conflict(
                f"No consensus has kept a fit yet: python3 manage.py consensus {project.slug} --policy posterior"
            )
        lots = plan(market.traces, options["budget"])
        if options["json"]:
            self.stdout.write(json.dumps(as_json(market, lots), indent=2))
        else:
            self._say(market, lots)
        for lot in lots:
            if lot.what in (options["buy"] or ()):
                self._buy(project, lot)

    def _say(self, market: Market, lots: tuple[Lot, ...]) -> None:
        names = names_of(market.costs)
        table = Table(title="What the budget buys", title_justify="left")
        for column in ("What", "Traces", "Dollars", "Wrong decisions put right", "For a dollar"):
            table.add_column(column, justify="left" if column == "What" else "right")
        for lot in lots:
            table.add_row(
                title_of(lot, names),
                f"{len(lot.offers):,}",
                f"{lot.cost:.4g}",
                f"{lot.gain:.3g}",
                f"{lot.gain / lot.cost:.3g}",
            )
        if lots:
            self.console.print(table)
        else:
            self.console.print("Nothing that fits the budget is expected to put anything right.")
        for line in told(market):
            self.console.print(line, markup=False)

    def _buy(self, project: Project, lot: Lot) -> None:
        bought = buy(project, Order.of(lot))
        if bought.run is None:
            self.console.print(
                f"{bought.n_slots} readings were added to the queue; the others wait there already."
            )
            return
        send_run(bought.run)
        self.console.print(
            f"Run {bought.run.pk} is queued over {bought.run.units.count()} traces, as {bought.run.rater}.",
            markup=False,
        )


def told(market: Market) -> list[str]:
    """What the figures rest on."""
    pace, prices = market.pace, market.prices
    lines = [
        f"By the fit of run {market.run.pk}. An hour of a person's time at ${prices.person_hour:g};"
        f" {pace.seconds_per_step:.1f} seconds a step, "
        + (
            f"the median of {pace.n_measured} readings."
            if pace.n_measured
            else "assumed: no five readings were timed."
        )
    ]
    lines += [
        f"{one.name}: {one.tokens:,.0f} tokens, ${one.dollars:.3g} an answer, "
        + ("as its runs recorded" if one.is_recorded else f"at ${prices.million_tokens:g} a million tokens")
        + f" ({one.n:,} answers)."
        for one in market.costs
    ]
    lines += market.missing
    if market.n_left_out:
        lines.append(f"{market.n_left_out:,} further traces were not looked at.")
    return lines
