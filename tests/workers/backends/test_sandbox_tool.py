from __future__ import annotations

import json

import pytest

from annotate.errors import BackendError
from annotate.prelabel.checking.program_runs import program_request, program_run
from annotate.prelabel.contracts import Message, Request
from tests.paths import REPOSITORY
from workers.backends import sandbox_tool
from workers.backends.registry import open_backend
from workers.sandbox.runner import sandbox_trouble

needs_sandbox = pytest.mark.skipif(bool(sandbox_trouble()), reason=f"no sandbox here: {sandbox_trouble()}")


@needs_sandbox
def test_each_program_is_answered_in_order_with_what_came_of_it() -> None:
    backend = open_backend("sandbox:?parallel=2")
    programs = [
        "print(1)",
        "1/0",
        "while True: pass",
        f"print(open({str(REPOSITORY / 'manage.py')!r}).read())",
    ]
    limits = {"seconds": 1}
    asked = [(program_request(program, about=i, limits=limits), [0]) for i, program in enumerate(programs)]
    answers = backend.answer(asked)
    assert [(row[0].finish_reason, row[0].sample, row[0].model) for row in answers] == [
        ("stop", 0, "sandbox")
    ] * 4
    runs = [program_run(row) for row in answers]
    assert [run.status for run in runs] == ["ok", "failed", "timeout", "failed"]
    assert runs[0].stdout == "1\n"
    assert (runs[2].is_known, runs[2].reason) == (False, "the program took too long")
    assert "network namespace" in answers[0][0].server
    backend.close()


@needs_sandbox
def test_input_and_files_reach_the_program() -> None:
    request = program_request("print(input(), open('a').read())", about=None, stdin="in", files={"a": "file"})
    ((completion,),) = open_backend("sandbox:").answer([(request, [0])])
    assert program_run([completion]).stdout == "in file\n"


@needs_sandbox
@pytest.mark.parametrize(
    "content",
    [
        *("", "print(1)", "[]", "{}", '{"program": 3}', '{"program": "", "files": {"/a": ""}}'),
        *('{"program": "", "limits": {"seconds": -1}}', '{"program": "", "limits": {"speed": 1}}'),
    ],
)
def test_what_is_no_program_is_an_error_of_that_sample_alone(content: str) -> None:
    good = program_request("print(1)", about=None)
    (bad,), (fine,) = open_backend("sandbox:").answer(
        [(Request((Message("user", content),)), [0]), (good, [0])]
    )
    assert (bad.finish_reason, bad.text) == ("error", "")
    assert bad.error.startswith("not a program to run")
    assert program_run([fine]).stdout == "1\n"
    assert not program_run([bad]).is_known


def test_machine_without_the_means_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_tool, "sandbox_trouble", lambda: "refused: namespaces are not allowed here")
    with pytest.raises(BackendError, match="namespaces are not allowed") as caught:
        open_backend("sandbox:")
    assert not caught.value.retry


def test_address_with_a_target_is_refused() -> None:
    with pytest.raises(BackendError, match="no target"):
        open_backend("sandbox:here")


def test_question_is_the_same_however_its_files_are_ordered() -> None:
    first = program_request("p", about=1, files={"a": "1", "b": "2"})
    assert first.digest == program_request("p", about=2, files={"b": "2", "a": "1"}).digest
    assert json.loads(first.messages[0].content)["files"] == {"a": "1", "b": "2"}
