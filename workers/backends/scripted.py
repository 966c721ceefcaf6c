"""Deterministic answers from a JSON script: for demonstrations without a model, and for rehearsing failures.

::

    {
      "name": "oracle",
      "problems": [{"contains": "Ann has 3", "right": "42", "wrong": "41"}],
      "success": 0.9,              chance of a right answer from an unspoiled prefix
      "success_spoiled": 0.0,      … once an equation of the prefix is false
      "reply": "Answer: {answer}",
      "says": [{"contains": "Check this step", "text": "Check: 2 + 3 = 5, found 5."}],
      "regret": 0.1, "regret_wrong": 9.0,      of scored text, by whether its own equations hold
      "faults": [{"on_call": 2, "do": "raise", "retry": true, "wait": 0.1, "marker": "FILE"}]
    }

Every part may be left out. Luck is a hash of (script seed, request, sample number), so answers repeat exactly
and never depend on a batch. A fault happens at the given call of ``answer`` (counted from 1 in this process):
``raise``, ``sleep``, ``die`` (the process, without a word), or ``error`` / ``truncate`` / ``timeout`` for the
whole call's completions. With a marker file it happens once, however often the process is started again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotate.errors import BackendError
from annotate.prelabel.contracts import Completion, FinishReason, Request, TokenScore
from annotate.prelabel.verifiers.arithmetic.equations import equations
from workers.backends.options import Options

_KEYS = frozenset(
    {"name", "seed", "problems", "default_answer", "success", "success_spoiled", "reply", "says"}
    | {"regret", "regret_wrong", "faults"}
)
_ENDINGS: Mapping[str, FinishReason] = {"error": "error", "truncate": "length", "timeout": "timeout"}
_DEEDS = frozenset({"raise", "sleep", "die", *_ENDINGS})
_PIECE = re.compile(r"\s*\S+\s*|\s+")


def open_backend(target: str, options: Options) -> ScriptedBackend:
    """``scripted:FILE.json``."""
    options.done()
    try:
        script = json.loads(Path(target).read_text(encoding="utf-8"))
    except OSError as error:
        raise BackendError(f"there is no script {target!r}.", retry=False) from error
    except json.JSONDecodeError as error:
        raise BackendError(f"{target!r} is not JSON: {error}", retry=False) from error
    return ScriptedBackend(script)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong at one call."""

    on_call: int
    do: str
    seconds: float = 0.0
    retry: bool = True
    wait: float = 0.0
    marker: str = ""

    def __post_init__(self) -> None:
        if self.do not in _DEEDS:
            raise BackendError(f"faults: do must be one of {', '.join(sorted(_DEEDS))}.", retry=False)

    def is_due(self, call: int) -> bool:
        if call != self.on_call or (self.marker and Path(self.marker).exists()):
            return False
        if self.marker:
            Path(self.marker).touch()
        return True

    def happen(self) -> FinishReason | None:
        """Do it; the ending that every completion of this call gets, if any."""
        if self.do == "die":
            os._exit(70)
        if self.do == "raise":
            raise BackendError("the script says so", retry=self.retry, wait=self.wait)
        if self.do == "sleep":
            time.sleep(self.seconds)
        return _ENDINGS.get(self.do)


class ScriptedBackend:
    """Implements ``annotate.prelabel.contracts.Backend`` without a model."""

    def __init__(self, script: Mapping[str, Any]) -> None:
        if not isinstance(script, Mapping) or set(script) - _KEYS:
            surplus = ", ".join(sorted(set(script) - _KEYS)) if isinstance(script, Mapping) else "the script"
            raise BackendError(f"{surplus}: not part of a script.", retry=False)
        self.name = f"scripted:{script.get('name', 'script')}"
        self._script = script
        self._faults = [Fault(**fault) for fault in script.get("faults", ())]
        self._calls = 0

    def answer(self, requests: Sequence[tuple[Request, Sequence[int]]]) -> list[list[Completion]]:
        """See the protocol. A scoring request (``n`` = 0) is answered by one completion without text."""
        self._calls += 1
        endings = [fault.happen() for fault in self._faults if fault.is_due(self._calls)]
        ending = next((ending for ending in endings if ending), None)
        return [
            [self._completion(request, sample, ending) for sample in (samples if request.n else (0,))]
            for request, samples in requests
        ]

    def close(self) -> None:
        """Nothing to let go of."""

    def _completion(self, request: Request, sample: int, ending: FinishReason | None) -> Completion:
        if ending in {"error", "timeout"}:
            return Completion("", ending, sample, model=self.name, error=f"scripted {ending}")
        scores = self._scores(request.score)
        if request.n == 0:
            return Completion("", "stop", sample, scores=scores, model=self.name)
        text, finish = self._text(request, sample), ending or "stop"
        for stop in request.sampling.stop:
            text = text.partition(stop)[0]
        words = _PIECE.findall(text)
        if finish == "length" or len(words) > request.sampling.max_tokens:
            words, finish = words[: min(request.sampling.max_tokens, len(words) // 2)], "length"
        return Completion(
            "".join(words), finish, sample, completion_tokens=len(words), scores=scores, model=self.name
        )

    def _text(self, request: Request, sample: int) -> str:
        asked = "\n".join(message.content for message in request.messages)
        for rule in self._script.get("says", ()):
            if rule["contains"] in asked:
                return str(rule["text"])
        known = [problem for problem in self._script.get("problems", ()) if problem["contains"] in asked]
        answers = known[0] if known else {"right": self._script.get("default_answer", "0"), "wrong": "-1"}
        last = request.messages[-1]
        is_spoiled = last.role == "assistant" and _has_false_equation(last.content)
        chance = self._script.get("success_spoiled", 0.0) if is_spoiled else self._script.get("success", 1.0)
        answer = answers["right"] if self._luck(request, sample) < chance else answers["wrong"]
        return str(self._script.get("reply", "Answer: {answer}")).replace("{answer}", str(answer))

    def _luck(self, request: Request, sample: int) -> float:
        key = f"{self._script.get('seed', 0)}:{request.sampling.seed}:{request.digest}:{sample}"
        return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") / 2**64

    def _scores(self, text: str) -> tuple[TokenScore, ...]:
        regret = float(self._script.get("regret", 0.1))
        if _has_false_equation(text):
            regret = float(self._script.get("regret_wrong", 9.0))
        spans = [match.span() for match in _PIECE.finditer(text)]
        return tuple(TokenScore(start, end, -regret - 0.1, -0.1) for start, end in spans)


def _has_false_equation(text: str) -> bool:
    return any(equation.status == "refuted" for equation in equations(text))
