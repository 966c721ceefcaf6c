"""`manage.py person NAME`: let somebody in, with a password made for them."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from annotate.enums import Role
from annotate.ingest.founding import add_member, create_person, name_operator, renew_password
from annotate.models import Person
from webapp.management.base import GradusCommand


class Command(GradusCommand):
    help = "Create a person and print a generated password, once; or give them a role in a project."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="what they sign in with")
        parser.add_argument("--new-password", action="store_true", help="for somebody who lost theirs")
        parser.add_argument(
            "--operator",
            choices=("yes", "no"),
            help="whether they run the site, and see its machine room at /system/; they get into no project by it",
        )
        parser.add_argument("--project", metavar="SLUG", help="also make them a member")
        parser.add_argument("--role", choices=Role.values, default=Role.ANNOTATOR, help="what they are there")

    def handle(self, *args: Any, **options: Any) -> None:
        project = self.project(options["project"]) if options["project"] else None
        person = Person.objects.filter(username=options["name"]).first()
        if person is None:
            person, password = create_person(options["name"])
            self.stdout.write(f"{person} may sign in with the password {password} (shown this once).")
        elif options["new_password"]:
            self.stdout.write(f"{person} has a new password: {renew_password(person)} (shown this once).")
        elif project is None and options["operator"] is None:
            self.stdout.write(f"{person} is there already. --new-password gives them a new password.")
        if options["operator"] is not None:
            name_operator(person, options["operator"] == "yes")
            does = "runs" if person.is_superuser else "does not run"
            self.stdout.write(f"{person} {does} this site.")
        if project is not None:
            add_member(project, person, Role(options["role"]))
            self.stdout.write(f"{person} is {options['role']} of {project}.")
