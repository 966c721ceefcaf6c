"""A full disk and a database that is away are told in one sentence, with 503; bugs stay bugs."""

from __future__ import annotations

import errno
from typing import Any

from django.db import OperationalError
from django.test import RequestFactory

from webapp.outage import failed, said_of


def answered(error: Exception, path: str = "/", accept: str = "text/html") -> Any:
    try:
        raise error
    except Exception:  # noqa: BLE001 - as Django catches it
        return failed(RequestFactory().get(path, headers={"accept": accept}))


def test_each_outage_has_a_sentence_and_bugs_have_none() -> None:
    assert "disk is full" in said_of(OSError(errno.ENOSPC, "no"))
    assert "does not answer" in said_of(OperationalError())
    assert said_of(ZeroDivisionError()) == ""


def test_people_get_a_page_and_programs_get_json() -> None:
    page = answered(OperationalError())
    assert (page.status_code, page["Retry-After"]) == (503, "10")
    assert "The database does not answer just now." in page.content.decode()
    for request in ({"path": "/api/projects/"}, {"accept": "application/json"}):
        answer = answered(OSError(errno.ENOSPC, "no"), **request)
        assert (answer.status_code, b"disk is full" in answer.content) == (503, True)
        assert answer["Content-Type"] == "application/json"


def test_a_bug_is_answered_as_before() -> None:
    answer = answered(ZeroDivisionError())
    assert answer.status_code == 500
    assert "fault of the program" in answer.content.decode()
