"""The process behind ``tests.docs.terminal``: it has imported the product, and every command is a fork of it.

Each line that comes in is ``{"start": [script, arguments], "out": path}``, answered by the number of the process that
runs the script, or ``{"wait": number}``, answered by its exit code. It asks no database and runs no thread, so that a
fork begins as a process of its own would. When nothing more comes it interrupts what still runs.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import runpy
import signal
import sys
import traceback

USUAL_SETTINGS = "webapp.settings"


def import_the_product() -> None:
    """What a command loads before it looks at its arguments."""
    sys.path[0] = os.getcwd()
    os.environ["DJANGO_SETTINGS_MODULE"] = USUAL_SETTINGS
    import django

    django.setup()
    # Every command checks the site first, and so imports its pages; some open a model.
    importlib.import_module("webapp.urls")
    with contextlib.suppress(ImportError):
        importlib.import_module("workers.backends.transformers_engine")


def start(words: list[str], out: str) -> int:
    number = os.fork()
    if number:
        return number
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
        os.dup2(1, 2)
        sys.argv = words
        code = exit_code_of(words[0])
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def exit_code_of(script: str) -> int:
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as leaving:
        if leaving.code is None or isinstance(leaving.code, int):
            return leaving.code or 0
        print(leaving.code, file=sys.stderr)
        return 1
    except BaseException:  # noqa: BLE001  (whatever it is, a process of its own would say it and end)
        traceback.print_exc()
        return 1
    return 0


def serve() -> None:
    import_the_product()
    running = set()
    for line in sys.stdin:
        asked = json.loads(line)
        if "start" in asked:
            running.add(answer := start(asked["start"], asked["out"]))
        else:
            answer = os.waitstatus_to_exitcode(os.waitpid(asked["wait"], 0)[1])
            running.remove(asked["wait"])
        print(answer, flush=True)
    for number in running:
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGINT)
        os.waitpid(number, 0)


if __name__ == "__main__":
    # Ctrl-C is for commands; this process ends when nothing more comes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve()
