from __future__ import annotations

import os
import subprocess
import sys

from workers.process_name import is_known_dead, worker_name


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
