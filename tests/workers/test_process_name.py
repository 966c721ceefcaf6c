from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from workers import process_name
from workers.process_name import is_known_dead, is_of_this_machine, place_of, worker_name


def test_a_living_process_is_not_dead_and_names_are_unique() -> None:
    assert not is_known_dead(worker_name())
    assert worker_name() != worker_name()


def test_a_process_that_is_gone_is_known_dead() -> None:
    with subprocess.Popen([sys.executable, "-c", "pass"]) as child:
        name = worker_name().replace(f"-{os.getpid()}-", f"-{child.pid}-")
    assert is_known_dead(name)


def test_a_process_of_another_machine_or_an_odd_name_is_never_called_dead() -> None:
    assert not is_known_dead("elsewhere.4026531836-999999999-abcdef12")
    for name in ("", "w1", "a-b", f"{worker_name()}-x"):
        assert not is_known_dead(name)


def test_two_machines_of_one_name_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of containers the space of process ids has the same number everywhere."""
    name = worker_name().replace(f"-{os.getpid()}-", "-999999999-")
    assert is_known_dead(name)
    host, boot, space = name.partition("-99")[0].partition("@")[0].rsplit(".", 2)
    assert not is_known_dead(name.replace(boot, "0" * len(boot)))
    assert host == socket.gethostname()[:40]
    assert space.isdecimal()


def test_a_name_says_by_which_address_the_machine_reaches_its_database(
    settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "HOST", "127.0.0.1")
    name = worker_name()
    assert place_of(name) == f"{socket.gethostname()[:40]} (127.0.0.1), {os.getpid()}"
    assert is_of_this_machine(name)
    assert len(name) <= 120
    monkeypatch.setitem(settings.DATABASES["default"], "HOST", "/run/postgresql")
    assert process_name.place_of(worker_name()) == f"{socket.gethostname()[:40]}, {os.getpid()}"
    assert [place_of(odd) for odd in ("", "w1", "a-b-c")] == ["", "w1", "a-b-c"]
