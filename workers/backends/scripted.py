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
      "choices": {"yes": 0.7, "no": 0.2},      probabilities of these as the next words, or 0.25 for each of any
      "faults": [{"on_call": 2, "do": "raise", "retry": true, "wait": 0.1, "marker": "FILE"}]
    }

A problem may state its own policy: ``"success_after": [0.9, 0.9, 0.3]`` is the chance of a right answer after so many
steps of its trace, counted by the blank lines or, where there is none, the line ends of the begun answer; the last one
holds for all that follow. A rule of ``says`` may carry ``choices`` instead of a text.

Every part may be left out. ``choices`` absent means that the script cannot tell probabilities: texts are drawn. Luck is
a hash of (script seed, request, sample number), so answers repeat exactly
and never depend on a batch. A fault happens at the given call of ``answer`` (counted from 1 in this process):
``raise``, ``sleep``, ``die`` (the process, without a word), or ``error`` / ``truncate`` / ``timeout`` for the
whole call's completions. With a marker file it happens once, however often the process is started again. A ``sleep``
with ``"until": "FILE"`` ends as soon as there is such a file.

A fault without ``on_call`` is about requests: ``"share": 0.2`` picks that share of samples and ``"contains"`` those
whose messages hold a text. ``error``, ``timeout`` and ``truncate`` then end the picked samples, ``sleep`` waits once
for each, and ``raise`` fails the call. ``"times": 3`` is how often a picked one meets it before it goes well (1 unless
said, 0 for always), so ``{"share": 0.5, "do": "raise", "wait": 0.1}`` is a storm of 429 that passes.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotate.errors import BackendError
from annotate.prelabel.contracts import Appetite, Completion, FinishReason, Request, TokenScore
from annotate.prelabel.verifiers.arithmetic.equations import equations
from workers.backends.options import Options

_KEYS = frozenset(
    {"name", "seed", "problems", "default_answer", "success", "success_spoiled", "reply", "says"}
    | {"regret", "regret_wrong", "faults", "choices"}
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
    """Something that goes wrong, at one call or for some requests (``on_call`` 0)."""

    do: str
    on_call: int = 0
    seconds: float = 0.0
    retry: bool = True
    wait: float = 0.0
    marker: str = ""
    until: str = ""
    share: float = 1.0
    contains: str = ""
    times: int = 1

    def __post_init__(self) -> None:
        if self.do not in _DEEDS:
            raise BackendError(f"faults: do must be one of {', '.join(sorted(_DEEDS))}.", retry=False)
        if not 0 <= self.share <= 1:
            raise BackendError("faults: share must lie between 0 and 1.", retry=False)

    def is_due(self, call: int) -> bool:
        return call == self.on_call and self._is_first()

    def picks(self, request: Request, luck: float) -> bool:
        """Whether this is one of the requests it is about."""
        if self.on_call or luck >= self.share:
            return False
        return any(self.contains in message.content for message in request.messages) and self._is_first()

    def happen(self) -> FinishReason | None:
        """Do it; the ending that the completions it meets get, if any."""
        if self.do == "die":
            os._exit(70)
        if self.do == "raise":
            raise BackendError("the script says so", retry=self.retry, wait=self.wait)
        if self.do == "sleep":
            self._sleep()
        return _ENDINGS.get(self.do)

    def _sleep(self) -> None:
        if not self.until:
            time.sleep(self.seconds)
            return
        deadline = time.monotonic() + self.seconds
        while not Path(self.until).exists() and time.monotonic() < deadline:
            time.sleep(0.02)

    def _is_first(self) -> bool:
        if not self.marker:
            return True
        is_first = not Path(self.marker).exists()
        Path(self.marker).touch()
        return is_first


class ScriptedBackend:
    """Implements ``annotate.prelabel.contracts.Backend`` without a model."""

    def __init__(self, script: Mapping[str, Any]) -> None:
        if not isinstance(script, Mapping) or set(script) - _KEYS:
            surplus = ", ".join(sorted(set(script) - _KEYS)) if isinstance(script, Mapping) else "the script"
            raise BackendError(f"{surplus}: not part of a script.", retry=False)
        self.name = f"scripted:{script.get('name', 'script')}"
        self.appetite = Appetite()
        self._script = script
        self._faults = _faults(script.get("faults", ()))
        self._calls = 0
        self._met: Counter[tuple[int, str, int]] = Counter()

    def answer(self, requests: Sequence[tuple[Request, Sequence[int]]]) -> list[list[Completion]]:
        """See the protocol. A scoring request (``n`` = 0) is answered by one completion without text."""
        self._calls += 1
        endings = [fault.happen() for fault in self._faults if fault.is_due(self._calls)]
        ending = next((ending for ending in endings if ending), None)
        return [
            [
                self._completion(request, sample, ending or self._ending(request, sample))
                for sample in (samples if request.n else (0,))
            ]
            for request, samples in requests
        ]

    def close(self) -> None:
        """Nothing to let go of."""

    def _ending(self, request: Request, sample: int) -> FinishReason | None:
        """What the faults about requests do to this sample."""
        for number, fault in enumerate(self._faults):
            met = (number, request.digest, sample)
            if fault.times and self._met[met] >= fault.times:
                continue
            if fault.picks(request, self._luck(request, sample, f"fault {number}")):
                self._met[met] += 1
                ending = fault.happen()
                if ending:
                    return ending
        return None

    def _completion(self, request: Request, sample: int, ending: FinishReason | None) -> Completion:
        if ending in {"error", "timeout"}:
            return Completion("", ending, sample, model=self.name, error=f"scripted {ending}")
        scores = self._scores(request.score)
        if request.n == 0:
            return Completion("", "stop", sample, scores=scores, model=self.name)
        choices = self._choices(request)
        if choices:
            return Completion("", "stop", sample, choices=choices, choice_source="tokens", model=self.name)
        text, finish = self._text(request, sample), ending or "stop"
        for stop in request.sampling.stop:
            text = text.partition(stop)[0]
        words = _PIECE.findall(text)
        if finish == "length" or len(words) > request.sampling.max_tokens:
            words, finish = words[: min(request.sampling.max_tokens, len(words) // 2)], "length"
        return Completion(
            "".join(words),
            finish,
            sample,
            completion_tokens=len(words),
            scores=scores,
            model=self.name,
            seed=request.sampling.seed,
        )

    def _text(self, request: Request, sample: int) -> str:
        asked = "\n".join(message.content for message in request.messages)
        for rule in self._script.get("says", ()):
            if rule["contains"] in asked and "text" in rule:
                return str(rule["text"])
        known = [problem for problem in self._script.get("problems", ()) if problem["contains"] in asked]
        answers = known[0] if known else {"right": self._script.get("default_answer", "0"), "wrong": "-1"}
        chance = self._chance(request, answers)
        answer = answers["right"] if self._luck(request, sample) < chance else answers["wrong"]
        return str(self._script.get("reply", "Answer: {answer}")).replace("{answer}", str(answer))

    def _chance(self, request: Request, problem: Mapping[str, Any]) -> float:
        last = request.messages[-1]
        begun = last.content if last.role == "assistant" else ""
        stated = problem.get("success_after")
        if stated:
            return float(stated[min(_steps_in(begun), len(stated) - 1)])
        name = "success_spoiled" if _has_false_equation(begun) else "success"
        return float(self._script.get(name, 1.0 if name == "success" else 0.0))

    def _choices(self, request: Request) -> dict[str, float]:
        """Logarithms of the stated probabilities; empty where the script states none, or 0, for one of them."""
        if not request.choices:
            return {}
        asked = "\n".join(message.content for message in request.messages)
        rules = [
            rule["choices"]
            for rule in self._script.get("says", ())
            if rule["contains"] in asked and "choices" in rule
        ]
        stated = rules[0] if rules else self._script.get("choices")
        if stated is None:
            return {}
        shares = [
            stated if isinstance(stated, int | float) else stated.get(choice, 0.0)
            for choice in request.choices
        ]
        if not all(share > 0 for share in shares):
            return {}
        return {choice: math.log(share) for choice, share in zip(request.choices, shares, strict=True)}

    def _luck(self, request: Request, sample: int, about: str = "") -> float:
        key = f"{self._script.get('seed', 0)}:{request.sampling.seed}:{request.digest}:{sample}{about}"
        return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") / 2**64

    def _scores(self, text: str) -> tuple[TokenScore, ...]:
        regret = float(self._script.get("regret", 0.1))
        if _has_false_equation(text):
            regret = float(self._script.get("regret_wrong", 9.0))
        spans = [match.span() for match in _PIECE.finditer(text)]
        return tuple(TokenScore(start, end, -regret - 0.1, -0.1) for start, end in spans)


def _faults(listed: Sequence[Mapping[str, Any]]) -> list[Fault]:
    try:
        return [Fault(**fault) for fault in listed]
    except TypeError as error:
        raise BackendError(f"faults: {error}", retry=False) from error


def _steps_in(begun: str) -> int:
    """How many steps a begun answer holds: parts that end in a blank line, else lines."""
    separator = "\n\n" if "\n\n" in begun else "\n"
    return sum(1 for part in begun.split(separator) if part.strip())


def _has_false_equation(text: str) -> bool:
    return any(equation.status == "refuted" for equation in equations(text))
