"""People at work over HTTP: they write down what the server says is saved, and try again where it says nothing."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx2

# Seconds before an answer: people who took none would be all that the machine is busy with.
THINKING = 0.15


@dataclass
class Said:
    """What was acknowledged: labels by key with their value, and submitted readings."""

    labels: dict[int, tuple[int, str]] = field(default_factory=dict)
    readings: set[int] = field(default_factory=set)
    refused: int = 0
    unanswered: int = 0
    # Of those the ones that had been taken up: a connection that ended before its answer was whole.
    broken: int = 0
    # Why the server could not, by what it said; an empty sentence for a page that only says that it has failed.
    reasons: Counter[str] = field(default_factory=Counter)


class Reader(threading.Thread):
    """Claims, answers every step, submits, from the beginning to ``stop``."""

    def __init__(self, address: str, slug: str, token: str, seed: int) -> None:
        super().__init__(daemon=True)
        self.said = Said()
        self._address, self._slug = address, slug
        self._headers = {"Authorization": f"Token {token}"}
        self._dice = random.Random(seed)
        self._is_over = threading.Event()
        self.failure: BaseException | None = None

    def stop(self) -> None:
        self._is_over.set()

    def run(self) -> None:
        try:
            with httpx2.Client(base_url=self._address, headers=self._headers, timeout=120) as client:
                while not self._is_over.is_set():
                    self._read_one(client)
        except BaseException as error:  # noqa: BLE001 - told to whoever counts
            self.failure = error

    def _read_one(self, client: httpx2.Client) -> None:
        claimed = self._ask(client, f"/api/projects/{self._slug}/assignments/claim/", {})
        held = (claimed or {}).get("assignment")
        if held is None:
            self._is_over.wait(0.2)
            return
        for place in range(len(held["steps"])):
            value = self._dice.choice(("good", "bad"))
            said = {"token": held["token"], "criterion": "verdict", "step": place, "value": value}
            label = self._ask(client, f"/api/assignments/{held['id']}/labels/", said)
            if label is None:
                return
            self.said.labels[label["id"]] = (held["id"], value)
            self._is_over.wait(THINKING)
        done = self._ask(client, f"/api/assignments/{held['id']}/submit/", {"token": held["token"]})
        if done is not None:
            self.said.readings.add(held["id"])

    def _ask(self, client: httpx2.Client, path: str, body: dict[str, Any]) -> Any:
        """Until there is an answer; None where it is a refusal, or where it is time to go."""
        while not self._is_over.is_set():
            try:
                answer = client.post(path, json=body)
            except httpx2.HTTPError as error:
                self.said.unanswered += 1
                self.said.broken += _is_broken_off(error)
            else:
                if answer.status_code == 200:
                    return answer.json()
                if answer.status_code < 500:
                    # Another attempt's lease, or a reading that an unheard answer has submitted already.
                    self.said.refused += 1
                    return None
                self.said.unanswered += 1
                self.said.reasons[_reason(answer)] += 1
            time.sleep(0.1)
        return None


def _is_broken_off(error: httpx2.HTTPError) -> bool:
    """Whether an answer had been begun. A kept connection that is closed between two requests has answered nothing."""
    return isinstance(error, httpx2.RemoteProtocolError) and "without sending a response" not in str(error)


def _reason(answer: httpx2.Response) -> str:
    """What a server that could not says of it; nothing where that is no sentence for people."""
    if not answer.headers.get("content-type", "").startswith("application/json"):
        return ""
    return str(answer.json().get("detail", ""))
