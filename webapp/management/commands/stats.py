"""``python manage.py stats WHAT FILE …``: the statistics on any table of labels; no project, no database."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from webapp.management import statistics
from webapp.management.base import GradusCommand
from webapp.management.statistics.answer import Answer


class Command(GradusCommand):
    help = "Compute a statistic from a CSV or TSV file with one row per label, without a database."
    # A check of every page and every table would take longer than most of these answers.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        kinds = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
        for module in _statistics():
            kind = kinds.add_parser(module.NAME, help=module.HELP, description=module.HELP)
            module.add_arguments(kind)
            kind.add_argument("--json", action="store_true", help="print one JSON object")
            kind.set_defaults(run=module.run)

    def handle(self, *args: Any, **options: Any) -> None:
        answer: Answer = options["run"](options)
        if options["json"]:
            self.stdout.write(answer.as_json())
        else:
            answer.show(self.console)


def _statistics() -> Iterator[Any]:
    for found in sorted(pkgutil.iter_modules(statistics.__path__), key=lambda found: found.name):
        module = importlib.import_module(f"{statistics.__name__}.{found.name}")
        if hasattr(module, "NAME"):
            yield module
