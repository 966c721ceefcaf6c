from __future__ import annotations

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from annotate.enums import Role
from annotate.models import Membership, Person
from tests.factories import a_project

pytestmark = pytest.mark.django_db


def said(*arguments: str) -> str:
    out = StringIO()
    call_command("person", *arguments, stdout=out)
    return out.getvalue()


def test_the_printed_password_signs_in_and_is_shown_once() -> None:
    password = re.search(r"password (\S+)", said("eve"))
    assert password is not None
    assert Person.objects.get(username="eve").check_password(password.group(1))
    assert "password " not in said("eve").replace("--new-password", "").replace("new password", "")


def test_new_password_replaces_the_old_one() -> None:
    said("eve")
    renewed = re.search(r"new password: (\S+)", said("eve", "--new-password"))
    assert renewed is not None
    assert Person.objects.get(username="eve").check_password(renewed.group(1))


def test_a_person_joins_a_project_and_an_unknown_project_makes_nobody() -> None:
    project = a_project(slug="sums")
    said("eve", "--project", "sums", "--role", "reviewer")
    assert Membership.objects.get(project=project, person__username="eve").role == Role.REVIEWER
    with pytest.raises(CommandError, match="nowhere"):
        said("finn", "--project", "nowhere")
    assert not Person.objects.filter(username="finn").exists()
