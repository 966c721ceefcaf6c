from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from annotate.models import Label
from annotate.models.guards import GUARDS, install_guards, remove_guards
from tests.factories import a_label, a_project, a_rater, a_trace


def guards_there() -> set[str]:
    catalogue = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.vendor == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    )
    with connection.cursor() as cursor:
        cursor.execute(catalogue)
        return {name for (name,) in cursor.fetchall() if name.startswith("guard_")}


EVERY = {f"guard_{guard.name}" for guard in GUARDS}


@pytest.mark.django_db
def test_guards_go_away_and_come_back() -> None:
    assert guards_there() == EVERY
    remove_guards(connection)
    assert guards_there() == set()
    install_guards(connection)
    install_guards(connection)
    assert guards_there() == EVERY


@pytest.mark.django_db(transaction=True)
def test_a_database_with_guards_and_labels_can_be_migrated_and_is_guarded_after() -> None:
    project = a_project()
    label = a_label(a_rater(project), a_trace(project).steps.first(), "good")
    # Behind the last migration that makes the table of labels anew, where the database cannot change it in place.
    call_command("migrate", "annotate", "0039", verbosity=0)
    call_command("migrate", "annotate", verbosity=0)
    assert guards_there() == EVERY
    assert Label.objects.get().value == "good"
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Label.objects.filter(pk=label.pk).update(value="bad")
