"""`manage.py erase_person NAME`: forget who somebody was."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from annotate.errors import Rejected
from annotate.label.erasing import erase_person
from webapp.management.base import GradusCommand
from webapp.management.people import person_named


class Command(GradusCommand):
    help = (
        "Replace a person's name and address by a pseudonym and close the account. Labels stay under the pseudonym."
        " This cannot be undone; say the name twice."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="their sign-in name")
        parser.add_argument("--again", required=True, metavar="NAME", help="the same name once more")
        parser.add_argument("--remove-labels", action="store_true", help="delete what they said as well")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["again"] != options["name"]:
            raise Rejected("The two names differ; nothing was done.", field="again")
        person = person_named(options["name"])
        pseudonym = erase_person(person, removes_labels=options["remove_labels"])
        kept = "removed" if options["remove_labels"] else "kept under this name"
        self.stdout.write(f"{options['name']} is {pseudonym} from now on; the labels were {kept}.")
