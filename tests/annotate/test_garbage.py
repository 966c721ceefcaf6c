from __future__ import annotations

import gc
import threading

import pytest

from annotate.garbage import rarely_collected


def test_the_usual_threshold_returns_after_an_error() -> None:
    usual = gc.get_threshold()

    def failing() -> None:
        with rarely_collected():
            assert gc.get_threshold()[0] > usual[0]
            raise ValueError

    with pytest.raises(ValueError):
        failing()

    assert gc.get_threshold() == usual


def test_the_first_of_two_threads_to_leave_changes_nothing() -> None:
    usual = gc.get_threshold()
    is_in, may_leave = threading.Event(), threading.Event()

    def other() -> None:
        with rarely_collected():
            is_in.set()
            may_leave.wait(60)

    thread = threading.Thread(target=other)
    with rarely_collected():
        thread.start()
        assert is_in.wait(60)
    assert gc.get_threshold()[0] > usual[0]

    may_leave.set()
    thread.join(60)
    assert gc.get_threshold() == usual
