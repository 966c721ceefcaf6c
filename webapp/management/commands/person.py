"""`manage.py person NAME`: let somebody in, with a password made for them."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from annotate.enums import Role
from annotate.ingest.founding import (
    add_member,
    create_person,
    name_operator,
    note_address,
    renew_password,
)
from annotate.models import Person
from webapp.issuer import unlink
from webapp.management.base import GradusCommand
from webapp.management.people import person_named
from webapp.second_factor import remove_factor


class Command(GradusCommand):
    help = "Create a person and print a generated password, once; or give them a role in a project."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="what they sign in with")
        parser.add_argument("--new-password", action="store_true", help="for somebody who lost theirs")
        parser.add_argument(
            "--remove-second-factor", action="store_true", help="for somebody who lost their device and codes"
        )
        parser.add_argument("--email", help="by which an OpenID Connect issuer knows them (docs/sign-in.md)")
        parser.add_argument(
            "--unlink",
            action="store_true",
            help="forget which account of the issuer is theirs, where that is a new one",
        )
        parser.add_argument(
            "--operator",
            choices=("yes", "no"),
            help="whether they run the site, and see its machine room at /system/; they get into no project by it",
        )
        parser.add_argument("--project", metavar="SLUG", help="also make them a member")
        parser.add_argument("--role", choices=Role.values, default=Role.ANNOTATOR, help="what they are there")

    def handle(self, *args: Any, **options: Any) -> None:
        project = self.project(options["project"]) if options["project"] else None
        name = options["name"]
        person = Person.objects.filter(username=name).first()
        if options["remove_second_factor"] or options["unlink"]:
            person = person_named(name)
        if person is None:
            person, password = create_person(name)
            self.stdout.write(f"{person} may sign in with the password {password} (shown this once).")
        elif options["new_password"]:
            self.stdout.write(f"{person} has a new password: {renew_password(person)} (shown this once).")
        elif not any(
            options[one] for one in ("project", "email", "operator", "remove_second_factor", "unlink")
        ):
            self.stdout.write(f"{person} is there already. --new-password gives them a new password.")
        self._change_ways_in(person, **options)
        if options["operator"] is not None:
            name_operator(person, options["operator"] == "yes")
            does = "runs" if person.is_superuser else "does not run"
            self.stdout.write(f"{person} {does} this site.")
        if project is not None:
            add_member(project, person, Role(options["role"]))
            self.stdout.write(f"{person} is {options['role']} of {project}.")

    def _change_ways_in(self, person: Person, **options: Any) -> None:
        if options["email"]:
            note_address(person, options["email"])
            self.stdout.write(f"{person} is known by the address {person.email}.")
        if options["remove_second_factor"]:
            had = remove_factor(person)
            said = "signs in without a code from now on" if had else "had no second factor"
            self.stdout.write(f"{person} {said}.")
        if options["unlink"]:
            had = unlink(person)
            said = "is known again by their address alone" if had else "was linked to no account elsewhere"
            self.stdout.write(f"{person} {said}.")
