"""Run the Python code of a trace, step by step in one namespace, and check what its steps say of it.

After the code check of GenPRM (arXiv 2504.00891) and the state claims of ExecVerify (arXiv 2603.11226), with no model
asking questions: what is checked is what the step itself says (an output block, "prints 42", "`x` is 5", "raises
KeyError"). Code that runs without anything said of it supports nothing, and code that raises refutes a step only if the
step says what it prints or leaves behind; ``is_raising_bad`` calls every step whose own code raises bad. What the
sandbox itself denies (files, the network, packages that are not installed) and what takes too long is unknown.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotate.prelabel.checking.code_blocks import blocks
from annotate.prelabel.checking.program_runs import is_of_the_enclosure, program_request, program_run
from annotate.prelabel.checking.verdicts import Claim, Verdicts, VerifierSettings, not_applicable, shortened
from annotate.prelabel.contracts import Strategy, TraceTask
from annotate.prelabel.verifiers.python_exec.claims import Ran, claims
from annotate.settings import require

_HARNESS = Path(__file__).with_name("harness.py").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class PythonExecSettings(VerifierSettings):
    """``seconds`` bounds the run of all the trace's code together."""

    is_raising_bad: bool = False
    seconds: float = 10.0

    def __post_init__(self) -> None:
        VerifierSettings.__post_init__(self)
        require(0 < self.seconds <= 120, "seconds", "must lie between 0 and 120.")


def verify_python(task: TraceTask, settings: PythonExecSettings) -> Strategy:
    """Judge every step that holds code or speaks of it; one program per trace."""
    said = [blocks(step.text) for step in task.steps]
    places = [
        place for place, step in enumerate(task.steps) if said[place].code and step.kind != "observation"
    ]
    if not places:
        return not_applicable("no step holds Python code")
    codes = [said[place].code for place in places]
    marker = hashlib.sha256(json.dumps(codes).encode()).hexdigest()
    job = json.dumps({"blocks": codes, "marker": marker})
    answers = yield [
        program_request(
            _HARNESS, about=task.steps[places[0]].position, stdin=job, limits={"seconds": settings.seconds}
        )
    ]
    run = program_run(answers[0])
    done = dict(zip(places, _records(run.stdout, marker, codes), strict=False))
    verdicts = Verdicts(settings)
    last: Ran | None = None
    for place, step in enumerate(task.steps):
        if step.kind == "observation":
            verdicts.pass_over(step, "it is what the environment said")
            continue
        if said[place].code:
            last = done.get(place)
            if last is None:
                verdicts.pass_over(step, run.reason or "the code before it ended the program")
                continue
        if last is None:
            verdicts.pass_over(step)
            continue
        _judge(verdicts, settings, step, claims(said[place], last), last, has_code=bool(said[place].code))
    return verdicts.finding(blocks=len(codes), ran=len(done))


def _judge(
    verdicts: Verdicts,
    settings: PythonExecSettings,
    step: Any,
    found: list[Claim],
    ran: Ran,
    *,
    has_code: bool,
) -> None:
    evidence = (
        {"code": shortened(ran.code), "stdout": shortened(ran.stdout), "error": ran.error} if has_code else {}
    )
    if ran.error and is_of_the_enclosure(ran.error):
        verdicts.pass_over(step, f"the code needs what is not there ({ran.error})", **evidence)
        return
    is_expected = any(claim.status == "supported" for claim in found)
    if has_code and ran.error and settings.is_raising_bad and not ran.is_after_failure and not is_expected:
        found = [*found, Claim("the code", "refuted", reason=f"it raises {ran.error}: {ran.message}")]
    why = f"the code raises {ran.error}, of which nothing is said" if has_code and ran.error else ""
    if has_code and not found and not why:
        why = "nothing is said of what the code does"
    verdicts.judge(step, found, why if not found else "", **evidence)


def _records(stdout: str, marker: str, codes: list[str]) -> list[Ran]:
    """What each block did, in order, up to the first of which nothing is known."""
    told: dict[int, Mapping[str, Any]] = {}
    for line in stdout.splitlines():
        if line.startswith(marker):
            try:
                record = json.loads(line[len(marker) :])
            except ValueError:
                continue
            told.setdefault(record["block"], record)
    records: list[Ran] = []
    for number, code in enumerate(codes):
        if number not in told:
            break
        record = told[number]
        has_failed = bool(records) and (records[-1].is_after_failure or bool(records[-1].error))
        records.append(
            Ran(
                code,
                record["stdout"],
                record["error"],
                record["message"],
                record["state"],
                has_failed,
                record.get("echo", ""),
                record.get("defines", False),
            )
        )
    return records
