from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from annotate.errors import BackendError
from annotate.prelabel.contracts import Message, Request, Sampling, StepTask, TraceTask
from annotate.prelabel.rollout.scan import ScanSettings, scan
from tests.annotate.prelabel.answering import run, values
from workers.backends.scripted import ScriptedBackend

ORACLE = {
    "name": "oracle",
    "problems": [{"contains": "Ann", "right": "42", "wrong": "41"}],
    "success": 0.9,
    "reply": "so it is {answer}.\nAnswer: {answer}",
}


def asked(prefix: str = "17 + 25 = 42\n", n: int = 1, score: str = "", **sampling: Any) -> Request:
    return Request((Message("user", "Ann …"), Message("assistant", prefix)), n, Sampling(**sampling), score)


def test_success_depends_on_the_prefix_as_the_script_says() -> None:
    backend = ScriptedBackend(ORACLE)
    good, spoiled = backend.answer([(asked(n=500), range(500)), (asked("17 + 25 = 43\n", n=9), range(9))])
    share = sum("Answer: 42" in completion.text for completion in good) / 500
    assert share == pytest.approx(0.9, abs=0.05)
    assert {completion.text for completion in spoiled} == {"so it is 41.\nAnswer: 41"}


def test_scan_over_the_oracle_finds_the_false_equation() -> None:
    backend = ScriptedBackend(ORACLE)
    steps = ("17 + 20 = 37\n", "37 + 5 = 43\n", "Answer: 43")
    task = TraceTask("Ann …", tuple(StepTask(i, text) for i, text in enumerate(steps)), "42")
    finding, _ = run(scan(task, ScanSettings()), lambda r, sample: backend.answer([(r, [sample])])[0][0])
    assert values(finding) == {0: "good", 1: "bad"}


def test_scores_show_regret_where_an_equation_is_false() -> None:
    backend = ScriptedBackend({"regret": 0.5, "regret_wrong": 7.0})
    fine, wrong = backend.answer(
        [(asked(n=0, score="2 + 3 = 5\n"), ()), (asked(n=0, score="2 + 3 = 6\n"), ())]
    )
    assert {round(t.best_logprob - t.logprob, 6) for t in fine[0].scores} == {0.5}
    assert {round(t.best_logprob - t.logprob, 6) for t in wrong[0].scores} == {7.0}
    assert "".join("2 + 3 = 5\n"[t.start : t.end] for t in fine[0].scores) == "2 + 3 = 5\n"


def test_rules_come_before_the_oracle() -> None:
    backend = ScriptedBackend({**ORACLE, "says": [{"contains": "Check", "text": "Check: 1, found 1."}]})
    request = Request((Message("user", "Ann … Check this step"),))
    assert backend.answer([(request, [0])])[0][0].text == "Check: 1, found 1."


@pytest.mark.parametrize(
    ("deed", "finish"), [("error", "error"), ("timeout", "timeout"), ("truncate", "length")]
)
def test_fault_marks_one_call(deed: str, finish: str) -> None:
    backend = ScriptedBackend({**ORACLE, "faults": [{"on_call": 2, "do": deed}]})
    finishes = [backend.answer([(asked(), [0])])[0][0].finish_reason for _ in range(3)]
    assert finishes == ["stop", finish, "stop"]


def test_fault_can_raise_and_says_whether_to_retry() -> None:
    backend = ScriptedBackend({"faults": [{"on_call": 1, "do": "raise", "retry": False, "wait": 3}]})
    with pytest.raises(BackendError) as caught:
        backend.answer([(asked(), [0])])
    assert (caught.value.retry, caught.value.wait) == (False, 3)


def test_fault_can_sleep() -> None:
    backend = ScriptedBackend({"faults": [{"on_call": 1, "do": "sleep", "seconds": 0.2}]})
    started = time.monotonic()
    backend.answer([(asked(), [0])])
    assert time.monotonic() - started >= 0.2


def test_sleep_ends_when_what_it_waits_for_is_there(tmp_path: Path) -> None:
    fault = {"on_call": 1, "do": "sleep", "seconds": 30, "until": str(tmp_path / "there")}
    backend = ScriptedBackend({"faults": [fault]})
    (tmp_path / "there").touch()
    started = time.monotonic()
    backend.answer([(asked(), [0])])
    assert time.monotonic() - started < 10


def test_fault_can_kill_the_process_once(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    fault = {"on_call": 1, "do": "die", "marker": str(tmp_path / "died")}
    script.write_text(json.dumps({"faults": [fault]}), encoding="utf-8")
    program = (
        "from annotate.prelabel.contracts import Message, Request\n"
        "from workers.backends.registry import open_backend\n"
        f"backend = open_backend('scripted:{script}')\n"
        "backend.answer([(Request((Message('user', 'q'),)), [0])])\n"
    )
    codes = [subprocess.run([sys.executable, "-c", program], check=False).returncode for _ in range(2)]
    assert codes == [70, 0]


@pytest.mark.parametrize("script", [{"succes": 1}, {"faults": [{"on_call": 1, "do": "explode"}]}, []])
def test_script_that_means_nothing_is_refused(script: Any) -> None:
    with pytest.raises(BackendError):
        ScriptedBackend(script)


def test_policy_of_a_problem_is_stated_by_the_number_of_steps_done() -> None:
    stated = {"contains": "Ann", "right": "42", "wrong": "41", "success_after": [1.0, 0.75, 0.0]}
    backend = ScriptedBackend({**ORACLE, "problems": [stated]})
    prefixes = ("", "one\n\n", "one\n\ntwo\n\n", "one\n\ntwo\n\nthree\n\n", "one\n")
    shares = []
    for prefix in prefixes:
        (row,) = backend.answer([(asked(prefix, n=400), range(400))])
        shares.append(sum("Answer: 42" in completion.text for completion in row) / 400)
    assert shares == [1.0, pytest.approx(0.75, abs=0.07), 0.0, 0.0, pytest.approx(0.75, abs=0.07)]


def test_stated_choices_are_told_as_logarithms() -> None:
    rule = {"contains": "surely", "choices": {"yes": 0.9, "no": 0.05}}
    backend = ScriptedBackend({"choices": {"yes": 0.5, "no": 0.25}, "says": [rule]})
    turns = (Message("user", "Is it?"),)
    (told,) = backend.answer([(Request(turns, choices=("yes", "no")), [0])])[0]
    assert {c: round(math.exp(p), 6) for c, p in told.choices.items()} == {"yes": 0.5, "no": 0.25}
    assert (told.text, told.choice_source) == ("", "tokens")
    (ruled,) = backend.answer([(Request((Message("user", "Is it surely?"),), choices=("yes",)), [0])])[0]
    assert math.exp(ruled.choices["yes"]) == pytest.approx(0.9)
    (unknown,) = backend.answer([(Request(turns, choices=("yes", "maybe")), [0])])[0]
    assert (unknown.choices, unknown.choice_source, unknown.text) == ({}, "", "Answer: 0")


def test_storm_of_faults_passes_when_asked_again() -> None:
    backend = ScriptedBackend({"faults": [{"do": "raise", "share": 0.5, "wait": 0.1, "times": 2}]})
    requests = [(asked(f"step {i}\n"), [0]) for i in range(20)]
    storms: list[tuple[bool, float]] = []
    for request in requests:
        while True:
            try:
                backend.answer([request])
                break
            except BackendError as error:
                storms.append((error.retry, error.wait))
    assert set(storms) == {(True, 0.1)}
    assert len(storms) % 2 == 0
    assert 8 <= len(storms) <= 32


def test_fault_about_requests_meets_those_alone() -> None:
    faults = [
        {"do": "truncate", "contains": "long", "times": 0},
        {"do": "error", "contains": "cursed"},
        {"do": "timeout", "share": 0.0},
    ]
    backend = ScriptedBackend({**ORACLE, "faults": faults})
    batch = [(asked("long\n"), [0]), (asked("cursed\n"), [0]), (asked("fine\n"), [0])]
    finishes = [[row[0].finish_reason for row in backend.answer(batch)] for _ in range(2)]
    assert finishes == [["length", "error", "stop"], ["length", "stop", "stop"]]


@pytest.mark.parametrize("fault", [{"do": "raise", "share": 2}, {"do": "raise", "when": 1}])
def test_fault_that_means_nothing_is_refused(fault: dict[str, Any]) -> None:
    with pytest.raises(BackendError, match="faults"):
        ScriptedBackend({"faults": [fault]})
