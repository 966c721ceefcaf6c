"""What goes wrong in a machine room is done to a whole installation, while people label and a run is under way.

Run with: .venv/bin/python -m tests.faults.bench_faults [TRIAL …] [--minutes 10] [--broker rabbitmq] [--seed 1] [--json]

kills      web, worker, broker and database are killed at random moments (what is done where no trial is named)
away       the broker takes connections and says nothing
clocks     the clocks of workers and a web server jump an hour ahead and an hour back
doubled    every message is delivered twice, in any order (Redis)
sweepers   four sweepers at the same moment, again and again
deploy     a migration while people label, and the web server restarted
disk       the disk under PostgreSQL's labels is full for a while
machines   two workers on machines of their own, the cable of each cut in the middle and mended (Redis)

Everything is started by it, in a folder of its own; ``--minutes`` is for each trial. At the end it is counted:

labels lost           labels that somebody was told are saved, and that are not in the database as they were said
readings lost         readings that somebody was told are submitted, and are not
paid although stored  samples asked of the model more than 2 s after their completion was stored
held for ever         units or readings whose lease no claim could end, and runs that did not
units given up        traces that the run failed at

All of these must be 0, as must be what ``scene.MUST_BE_NONE`` names besides. "asked again" is the price of a kill or a
cut: samples that were on their way when it came.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tests.faults import (
    broker_away,
    clocks,
    deploy,
    doubled,
    full_disk,
    kills,
    machines,
    network,
    small_disk,
    sweepers,
)
from tests.faults.installation import Installation, absence, an_installation
from tests.faults.scene import MUST_BE_NONE, make_ready

Counts = dict[str, int]
Trial = Callable[[Installation, float, random.Random], Counts]

# Those that want to find no worker at work come first.
TRIALS: dict[str, Trial] = {
    "sweepers": sweepers.trial,
    "doubled": doubled.trial,
    "away": broker_away.trial,
    "disk": full_disk.trial,
    "deploy": deploy.trial,
    "clocks": clocks.trial,
    "machines": machines.trial,
    "kills": partial(kills.trial, pause=6.0),
}
ABSENCES: dict[str, Callable[[], str]] = {
    "clocks": clocks.absence,
    "machines": network.absence,
    "disk": small_disk.absence,
}
ONLY_REDIS = ("doubled", "machines")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("trials", nargs="*", metavar="TRIAL", default=["kills"])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--broker", choices=("redis", "rabbitmq"), default="redis")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=54400, help="of the database; the next ones follow")
    parser.add_argument("--pause", type=float, default=6.0, help="seconds between kills, about")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if unknown := sorted(set(options.trials) - set(TRIALS)):
        parser.error(f"no trial {', '.join(unknown)}; there are {', '.join(TRIALS)}")
    TRIALS["kills"] = partial(kills.trial, pause=options.pause)
    left_out = {name: reason for name in options.trials if (reason := _absence(name, options.broker))}
    wanted = [name for name in TRIALS if name in options.trials and name not in left_out]
    results = done(wanted, options) if wanted else {}
    if options.json:
        print(json.dumps({"counts": results, "left out": left_out}))
    else:
        for name, counts in results.items():
            print(name, *(f"{n:>10,}  {what}" for what, n in counts.items()), sep="\n")
        for name, reason in left_out.items():
            print(f"{name} left out: {reason}")
    return int(any(counts.get(name, 0) for counts in results.values() for name in MUST_BE_NONE))


def done(wanted: list[str], options: argparse.Namespace) -> dict[str, Counts]:
    """The trials, one after the other, in one installation."""
    results: dict[str, Counts] = {}
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        pair = stack.enter_context(network.machines(machines.NAMES)) if "machines" in wanted else ()
        site = stack.enter_context(
            an_installation(Path(folder), options.port, broker=options.broker, machines=pair)
        )
        os.environ.clear()
        os.environ.update(site.environment)
        _set_up()
        for name in wanted:
            began = time.monotonic()
            try:
                results[name] = TRIALS[name](site, options.minutes * 60, random.Random(options.seed))
            except Exception:  # noqa: BLE001 - shown, and the other trials go on
                traceback.print_exc()
                for part in site.parts.values():
                    if part.process is not None:
                        print(f"\n--- {part.name}:\n{part.tail()}", file=sys.stderr)
                results[name] = {"held for ever": 1}
            results[name]["seconds in all"] = round(time.monotonic() - began)
    return results


def _set_up() -> None:
    import django

    django.setup()
    logging.disable(logging.WARNING)
    make_ready()


def _absence(name: str, broker: str) -> str:
    if reason := absence(broker):
        return reason
    if broker != "redis" and name in ONLY_REDIS:
        return "it is made for Redis"
    return ABSENCES.get(name, str)()


if __name__ == "__main__":
    sys.exit(main())
