"""The labelling page in a browser: weight, requests, time until keys work, long tasks, a cut of the network.

``python -m tests.benchmarks.bench_page [--rounds N] [--cut SECONDS] [--potato PROGRAM] [--label-studio PROGRAM]``. A
real server on SQLite in a temporary folder and Debian's Chromium on the same machine; every load is cold (a new
browser context). Rivals that are named (tests/benchmarks/rivals.py) show the trace of eight steps in turns with ours.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks.labelling.desk import a_text, name_of, session_of, web_server
from tests.benchmarks.rivals import Rival, label_studio, potato

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
WATCH_TASKS = """
window.longTasks = [];
new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries()) window.longTasks.push({ startTime, duration });
}).observe({ type: "longtask", buffered: true });
"""
# The driver outside learns of a page that is ready by messages, which take longer the busier the machine is.
WATCH_READY = """
(function look() {
  if (IS_READY) window.readyAt = performance.now();
  else requestAnimationFrame(look);
})();
"""
BAR, BAR_IS_THERE = ".bar:not([hidden])", "document.querySelector('.bar:not([hidden])') !== null"
SAVED = '.save-state:text-is("Saved")'
# Each trace is a project of its own, so that asking for work opens exactly that one.
SHAPES = {"eight": (8, 150), "hundred": (100, 300), "five-hundred": (500, 410), "math": (8, 150)}


@dataclass
class Load:
    """One cold load: kilobytes over the wire, requests, milliseconds to first paint and to working keys.

    Keys work ``ready`` ms after the page was asked for, by the page's own clock, and ``seen`` when the driver knows.
    """

    kilobytes: float
    requests: int
    paint: float
    ready: float
    seen: float
    heap: float


def furnish(folder: Path) -> dict[str, str]:
    """A project for each shape, its one trace held by the first annotator; the page's path by shape."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    import django

    django.setup()
    from django.core.management import call_command

    from annotate.assign.actions import claim_next, fill_queue, rater_of
    from annotate.enums import Role
    from annotate.ingest.actions import ingest_file
    from annotate.ingest.founding import add_member, create_project
    from annotate.models import Person

    call_command("migrate", verbosity=0)
    owner = Person.objects.create_user(username="owner", password=None)
    reader = Person.objects.create_user(username=name_of(0))
    paths = {}
    for shape, (n_steps, length) in SHAPES.items():
        project = create_project(owner, name=shape, slug=shape)
        add_member(project, reader, Role.ANNOTATOR)
        rng = random.Random(shape)
        formula = " so $\\frac{a}{b} = \\sqrt{c^2}$" if shape == "math" else ""
        steps = [f"{a_text(rng, length)}{formula}\n\n" for _ in range(n_steps)]
        trace = {"id": shape, "problem": {"text": a_text(rng, 400)}, "steps": steps}
        file = folder / f"{shape}.jsonl"
        file.write_text(json.dumps(trace) + "\n")
        ingest_file(project, file, format="jsonl")
        fill_queue(project)
        held = claim_next(project, rater_of(project, reader))
        assert held is not None
        paths[shape] = f"/assignments/{held.pk}/"
    return paths


def open_cold(browser: Any, host: str, session: str, path: str) -> tuple[Any, Any, Load]:
    cookies = [{"name": "sessionid", "value": session, "url": f"http://{host}"}]
    return load_cold(browser, cookies, f"http://{host}{path}", BAR, BAR_IS_THERE)


def load_cold(browser: Any, cookies: list[Any], url: str, ready: str, is_ready: str) -> tuple[Any, Any, Load]:
    """The page at ``url``, loaded with nothing kept from before until what ``ready`` selects is there."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_cookies(cookies)
    page = context.new_page()
    page.add_init_script(WATCH_TASKS + WATCH_READY.replace("IS_READY", is_ready))
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Performance.enable")
    received: list[float] = []
    asked: list[str] = []
    wire.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    wire.on("Network.requestWillBeSent", lambda event: asked.append(event["request"]["url"]))
    page.goto(url, wait_until="commit")
    page.wait_for_selector(ready, state="attached", timeout=120_000)
    seen_at = page.evaluate("performance.now()")
    page.wait_for_load_state("networkidle")
    ready_at = page.evaluate("window.readyAt")
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN")
    metrics = {one["name"]: one["value"] for one in wire.send("Performance.getMetrics")["metrics"]}
    outside = [url for url in asked if not url.startswith("data:")]
    load = Load(sum(received) / 1000, len(outside), paint, ready_at, seen_at, metrics["JSHeapUsedSize"] / 1e6)
    return context, page, load


def label_all(page: Any, n_steps: int) -> tuple[list[float], list[float]]:
    """Scroll down and up, then label every step by keyboard: (long tasks in ms, keystroke-to-saved in ms)."""
    page.evaluate("window.longTasks.length = 0")
    for share in (0.25, 0.5, 0.75, 1, 0):
        page.evaluate(f"window.scrollTo(0, document.body.scrollHeight * {share})")
        page.wait_for_timeout(120)
    saved = page.evaluate(
        """async (n) => {
          const times = [];
          const state = document.querySelector('.save-state');
          for (let i = 0; i < n; i += 1) {
            const began = performance.now();
            const said = new Promise((resolve) => {
              const watch = new MutationObserver(() => {
                if (state.textContent === 'Saved') { watch.disconnect(); resolve(); }
              });
              watch.observe(state, { childList: true, characterData: true, subtree: true });
            });
            const key = new KeyboardEvent('keydown', { key: '1', code: 'Digit1', bubbles: true });
            (document.activeElement ?? document.body).dispatchEvent(key);
            await said;
            times.push(performance.now() - began);
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
          return times;
        }""",
        n_steps,
    )
    return [task["duration"] for task in page.evaluate("window.longTasks")], saved


def cut_network(context: Any, page: Any, seconds: float) -> str:
    """Forty labels, the network away for a while with forty more given meanwhile, then the rest."""
    gap = seconds / 40
    for step in range(100):
        page.keyboard.press(str(1 + step % 3))
        if step == 39:
            page.wait_for_selector(SAVED)
            context.set_offline(True)
        if 40 <= step < 80:
            time.sleep(gap)
        if step == 80:
            context.set_offline(False)
    page.wait_for_selector(SAVED, timeout=60_000)
    from annotate.models import Label

    rows = Label.objects.filter(step__trace__external_id="hundred").order_by("pk").select_related("step")
    positions = [row.step.position for row in rows if row.step]
    values = [("good", "neutral", "bad")[step % 3] for step in range(100)]
    lost = sum(row.value != wanted for row, wanted in zip(rows, values, strict=False)) + 100 - len(positions)
    return f"{len(positions)} of 100 labels stored, {lost} lost or changed, order kept: {positions == list(range(100))}"


def started(running: ExitStack, given: argparse.Namespace, folder: Path) -> list[Rival]:
    rng = random.Random("eight")
    n_steps, length = SHAPES["eight"]
    steps = [a_text(rng, length) for _ in range(n_steps)]
    trace = {"id": "eight", "problem": a_text(rng, 400), "steps": steps}
    rivals = []
    for start, program in ((potato, given.potato), (label_studio, given.label_studio)):
        if program:
            home = folder / start.__name__
            rivals.append(running.enter_context(start(program.resolve(), home, trace)))
    return rivals


def take_turns(browser: Any, host: str, session: str, path: str, rivals: list[Rival], rounds: int) -> None:
    """Cold loads of eight steps, ours and each rival's by turns, so that what else the machine does meets all alike."""
    cookies = {}
    for rival in rivals:
        context = browser.new_context()
        rival.sign_in(context.new_page())
        cookies[rival] = context.cookies()
        context.close()
    loads: dict[str, list[Load]] = {"ours": []} | {rival.name: [] for rival in rivals}
    for turn in range(rounds + 1):
        turns = [("ours", lambda: open_cold(browser, host, session, path))]
        for rival in rivals:
            url = f"http://{rival.host}{rival.path}"
            opened = partial(load_cold, browser, cookies[rival], url, rival.ready, rival.is_ready)
            turns.append((rival.name, opened))
        for name, opened in turns:
            context, _, load = opened()
            context.close()
            # The first of each pays for its server's imports.
            if turn:
                loads[name].append(load)
    for name, of_it in loads.items():
        middle = middle_of(of_it)
        print(
            f"by turns, {name:<13} {middle.kilobytes:6.0f} KB {middle.requests:3.0f} requests, first paint "
            f"{middle.paint:5.0f} ms, keys work at {middle.ready:5.0f} ms ({min(one.ready for one in of_it):.0f}–"
            f"{max(one.ready for one in of_it):.0f}; seen {middle.seen:.0f}), heap {middle.heap:.1f} MB"
        )


def middle_of(loads: list[Load]) -> Load:
    return Load(*(statistics.median(getattr(one, key) for one in loads) for key in vars(loads[0])))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--potato", type=Path, help="the program of an installed Potato, to be measured beside"
    )
    parser.add_argument(
        "--label-studio", type=Path, help="the program of an installed Label Studio, likewise"
    )
    parser.add_argument("--cut", type=float, default=0, help="seconds without network; 0 leaves it out")
    given = parser.parse_args()
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ.setdefault("GRADUS_HOME", name)
        paths = furnish(folder)
        session = session_of(name_of(0))
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        with web_server(folder, processes=2) as host, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(FLAGS))
            # The first page of a browser pays for the browser.
            open_cold(browser, host, session, paths["eight"])[0].close()
            by_shape: dict[str, list[Load]] = {shape: [] for shape in paths}
            # By turns, so that what else the machine does meets all alike.
            for _ in range(given.rounds):
                for shape, path in paths.items():
                    context, _, load = open_cold(browser, host, session, path)
                    by_shape[shape].append(load)
                    context.close()
            for shape, loads in by_shape.items():
                middle = middle_of(loads)
                print(
                    f"{shape:<13} {middle.kilobytes:6.0f} KB {middle.requests:3.0f} requests, first paint "
                    f"{middle.paint:5.0f} ms, keys work at {middle.ready:5.0f} ms (seen "
                    f"{middle.seen:.0f}), heap {middle.heap:.1f} MB"
                )
            ratio = middle_of(by_shape["five-hundred"]).ready / middle_of(by_shape["eight"]).ready
            print(f"five hundred steps beside eight: {ratio:.2f} times")
            for shape in ("eight", "five-hundred"):
                context, page, _ = open_cold(browser, host, session, paths[shape])
                tasks, saved = label_all(page, SHAPES[shape][0])
                late = sorted(saved)[round(0.95 * (len(saved) - 1))]
                print(
                    f"{shape:<13} labelled: {len(saved)} keys, saved after p50 {statistics.median(saved):.1f} ms, p95 "
                    f"{late:.1f} ms; {len(tasks)} tasks over 50 ms, longest {max(tasks, default=0):.0f} ms"
                )
                context.close()
            with ExitStack() as running:
                rivals = started(running, given, folder)
                if rivals:
                    take_turns(browser, host, session, paths["eight"], rivals, given.rounds)
            if given.cut:
                context, page, _ = open_cold(browser, host, session, paths["hundred"])
                print(f"network away for {given.cut:.0f} s: {cut_network(context, page, given.cut)}")
                context.close()
            browser.close()


if __name__ == "__main__":
    main()
