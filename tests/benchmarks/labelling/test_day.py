"""Days of people go on after errors, end where nothing is left, and save drafts as Label Studio's page does."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.benchmarks.bench_load import Load, held_against
from tests.benchmarks.labelling import label_studio
from tests.benchmarks.labelling.day import Pace, days
from tests.benchmarks.labelling.label_studio import StudioReader
from tests.benchmarks.labelling.memory import slope_of

N_STEPS = 3


@dataclass
class Asked:
    """What a server that answers like Label Studio was asked: (method, path, body) in order."""

    tasks: int = 100
    fails: int = 0
    seen: list[tuple[str, str, Any]] = field(default_factory=list)

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        self.seen.append((method, path.partition("?")[0], body))
        if self.fails:
            self.fails -= 1
            return 500, {}
        if method == "GET":
            self.tasks -= 1
            return 200, {"id": self.tasks, "data": {"steps": [{"text": "so"}] * N_STEPS}}
        return 200 if method == "PATCH" else 201, {"id": 7}

    def of(self, method: str) -> list[tuple[str, Any]]:
        return [(path, body) for one, path, body in self.seen if one == method]


@contextmanager
def a_server(asked: Asked) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            status, said = asked.answer(self.command, self.path, body)
            text = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def do_POST(self) -> None:
            self.do_GET()

        def do_PATCH(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *words: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_who_is_told_of_an_error_tries_again_and_it_is_counted() -> None:
    asked = Asked(fails=2)
    with a_server(asked) as host:
        reader = StudioReader(host, "s", project=1)
        days([reader], "bench", Pace(1, 0.6, 0.01, 0))
    assert len(reader.errors) == 2
    assert all(error.startswith("next: 500") for error in reader.errors)
    assert reader.submitted
    assert not reader.is_idle


def test_a_server_that_is_away_is_an_error_and_no_end() -> None:
    reader = StudioReader("127.0.0.1:9", "s", project=1)
    took = days([reader], "bench", Pace(1, 0.3, 0.02, 0))
    assert took >= 0.3
    assert len(reader.errors) > 1
    assert not reader.times


def test_who_finds_nothing_left_stops_and_is_counted() -> None:
    class Last(StudioReader):
        def submit(self) -> bool:
            super().submit()
            return False

    with a_server(Asked()) as host:
        reader = Last(host, "s", project=1)
        days([reader], "bench", Pace(1, 5, 0.01, 0))
    assert (len(reader.submitted), reader.is_idle) == (1, True)
    load = Load(1)
    load.add([reader], 5)
    assert load.failing() == "1 of 1 people had nothing left to read"


def test_the_same_people_pause_and_answer_alike_every_time() -> None:
    sheets = []
    for _ in range(2):
        asked = Asked()
        with a_server(asked) as host:
            days([StudioReader(host, "s", project=1)], "bench", Pace(1, 0.8, 0.005, 0))
        sheets.append([body["result"] for _, body in asked.of("POST")][:3])
    assert sheets[0] == sheets[1]
    assert len(sheets[0]) == 3


def test_nothing_is_sent_between_reading_and_submitting_unless_drafts_are_asked_for() -> None:
    asked = Asked()
    with a_server(asked) as host:
        reader = StudioReader(host, "s", project=1)
        reader.read()
        reader.press(0, "bad")
        reader.wait(0.01)
        assert reader.submit()
        reader.wire.close()
    ((path, body),) = asked.of("POST")
    assert path.endswith("/annotations/")
    assert [one["value"]["choices"] for one in body["result"]] == [["bad"], ["good"], ["good"]]
    assert "draft_id" not in body


def test_a_draft_is_saved_once_for_what_was_said_within_the_delay_and_then_written_over(
    monkeypatch: Any,
) -> None:
    monkeypatch.setattr(label_studio, "AUTOSAVE", 0.5)
    asked = Asked()
    with a_server(asked) as host:
        reader = StudioReader(host, "s", project=1, drafts=True)
        reader.read()
        reader.press(0, "bad")
        reader.wait(0.02)
        reader.press(1)
        reader.wait(0.7)
        reader.press(2)
        reader.wait(0.7)
        reader.press(2, "bad")
        assert reader.submit()
        reader.wait(0.7)
        reader.wire.close()
    (made, first), (sent, sheet) = asked.of("POST")
    ((_, second),) = asked.of("PATCH")
    assert made.endswith("/drafts")
    assert (len(first["result"]), len(second["result"]), len(sheet["result"])) == (2, 3, 3)
    assert (first["draft_id"], second["draft_id"], sheet["draft_id"]) == (0, 7, 7)
    assert sent.endswith("/annotations/")


def test_what_a_program_could_not_hold_is_said_and_not_a_crash() -> None:
    here, there = Load(2), Load(2)
    here.seconds = there.seconds = 1
    here.times = {"next": [1.0, 2.0], "submit": [3.0], "key": [1.0]}
    there.errors = ["next: TimeoutError('timed out')"]
    text = "\n".join(held_against(here, there, "Other"))
    assert "Other: did not hold 2 people: 1 errors beside 0 answers" in text
    assert "here: answered 2 people without an error" in text
    there.times = {"next": [10.0, 20.0], "draft": [4.0]}
    (compared,) = [line for line in held_against(here, there, "Other") if line.startswith("  next  ")]
    assert "1/10.0" in compared
    assert there.lines()


def test_growth_is_the_slope_and_few_readings_say_nothing() -> None:
    drawn = random.Random(1)
    points = [(float(at), 100 + at / 360 + drawn.gauss(0, 0.01)) for at in range(0, 600, 5)]
    slope, around = slope_of(points)
    assert abs(slope - 10) <= 2 * around < 1
    few, _ = slope_of(points[:3])
    assert few != few  # noqa: PLR0124  # not a number
