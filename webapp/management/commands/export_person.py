"""`manage.py export_person NAME`: all that is kept about somebody, one JSON object a line."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from annotate.label.own_data import data_of
from webapp.management.base import GradusCommand
from webapp.management.people import person_named
from webapp.own_file import lines_about


class Command(GradusCommand):
    help = "Write all that is kept about a person: who they are, labels, times, comments, what was done about them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="their sign-in name")
        parser.add_argument("--out", type=Path, help="a file to write; without it, the terminal")

    def handle(self, *args: Any, **options: Any) -> None:
        lines = lines_about(data_of(person_named(options["name"])))
        if options["out"] is None:
            for line in lines:
                self.stdout.write(line, ending="")
            return
        with options["out"].open("x", encoding="utf-8") as file:
            n = sum(1 for line in lines if file.write(line))
        self.stdout.write(f"{n} lines in {options['out']}.")
