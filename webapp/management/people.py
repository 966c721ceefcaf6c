"""People by name, for commands."""

from __future__ import annotations

from annotate.errors import Rejected
from annotate.models import Person


def person_named(name: str) -> Person:
    person = Person.objects.filter(username=name).first()
    if person is None:
        raise Rejected(f"There is no person named {name}.", field="name")
    return person
