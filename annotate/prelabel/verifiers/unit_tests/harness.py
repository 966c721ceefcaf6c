"""Runs within the sandbox: one program under its tests, with the state its pieces leave behind.

Standard input holds ``{"code", "lines", "setup", "asserts", "inputs", "marker"}``; ``lines`` gives the piece of each
line. One line is printed at the end: the marker and a JSON object with the program's error, each assertion's fate, the
output for each input and the events, which are (piece, plain local values) each time control leaves a piece.
"""

import contextlib
import io
import json
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

MAX_OUTPUT = 100_000
MAX_EVENTS = 3_000
MAX_VALUE = 200
FILE = "<trace>"
PLAIN = (int, float, complex, str, bool, bytes, list, tuple, dict, set, frozenset, type(None))


class Capped(io.StringIO):
    def write(self, text: str) -> int:
        if self.tell() > MAX_OUTPUT:
            raise MemoryError("printed too much")
        return super().write(text)


class Watch:
    """A trace function that notes what each piece leaves behind."""

    def __init__(self, lines: list[int]) -> None:
        self.lines = lines
        self.events: list[tuple[int, dict[str, str]]] = []

    def __call__(self, frame: FrameType, event: str, argument: object) -> Callable[..., Any] | None:
        if frame.f_code.co_filename != FILE:
            return None
        here = -1

        def local(inner: FrameType, what: str, _: object) -> Callable[..., Any]:
            nonlocal here
            place = self.lines[inner.f_lineno - 1] if inner.f_lineno <= len(self.lines) else here
            if here >= 0 and (what == "return" or (what == "line" and place != here)):
                self.note(here, inner)
            if what == "line":
                here = place
            return local

        return local

    def note(self, piece: int, frame: FrameType) -> None:
        if len(self.events) >= MAX_EVENTS:
            return
        state = {}
        for name, value in list(frame.f_locals.items()):
            if not name.startswith("_") and isinstance(value, PLAIN):
                with contextlib.suppress(Exception):
                    text = repr(value)
                    if len(text) <= MAX_VALUE:
                        state[name] = text
        self.events.append((piece, state))


def attempt(
    code: str, namespace: dict[str, object], filename: str, given: str = ""
) -> tuple[str, str, int, str]:
    """Error name, message, line (0 unknown) and output of one run."""
    printed = Capped()
    sys.stdin = io.StringIO(given)
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
            exec(compile(code, filename, "exec"), namespace)  # noqa: S102  this is what the sandbox is for
    except SyntaxError as error:
        return type(error).__name__, str(error.msg), error.lineno or 0, printed.getvalue()
    except BaseException as error:  # noqa: BLE001  whatever it raises is what we came to see
        return type(error).__name__, str(error)[:MAX_VALUE], 0, printed.getvalue()
    return "", "", 0, printed.getvalue()


def main() -> None:
    job = json.loads(sys.stdin.read())
    say = sys.stdout.write
    watch = Watch(job["lines"])
    error, message, line, fates, outputs = "", "", 0, [], []
    sys.settrace(watch)
    if job["asserts"]:
        namespace: dict[str, object] = {"__name__": "trace"}
        attempt(job["setup"], namespace, "<setup>")
        error, message, line, _ = attempt(job["code"], namespace, FILE)
        for text in [] if error else job["asserts"]:
            fates.append(attempt(text, namespace, "<test>")[0])
    for given in job["inputs"]:
        namespace = {"__name__": "__main__"}
        attempt(job["setup"], namespace, "<setup>")
        name, message, line, printed = attempt(job["code"], namespace, FILE, given)
        outputs.append([name, printed])
        if name in {"SyntaxError", "IndentationError", "TabError"}:
            error = name
            break
    sys.settrace(None)
    told = {"error": error, "message": message, "line": line, "asserts": fates, "outputs": outputs}
    say(f"\n{job['marker']}{json.dumps({**told, 'events': watch.events})}\n")


if __name__ == "__main__":
    main()
