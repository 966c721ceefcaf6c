"""The tutorial as a newcomer has it: its commands in their order, its pages in a browser, on a fresh installation.

What runs is read from the page; what is looked for stands here, behind each command. A command that is not known here,
or a sentence that is no longer on the page, fails the test, so that neither goes its own way.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.docs.pages import commands, text_of
from tests.docs.terminal import Running, Terminal, a_clone, a_terminal, left_in
from tests.e2e.conftest import PATIENCE_MS
from tests.e2e.embedded import environment, processes_under
from tests.paths import REPOSITORY
from webapp.setup_venv import EXTRAS, is_ready, read_record

pytestmark = [pytest.mark.needs_chromium, pytest.mark.timeout(600)]

PAGE = "first-evening.md"
PEOPLE = ("sim-lena", "sim-omar", "sim-priya", "sim-tom")
MACHINES = ("verifier/arithmetic", "judge/critique", "rollout/scan")


@dataclass
class Evening:
    terminal: Terminal
    page: Page
    home: Path
    text: str
    password: str = ""
    address: str = ""
    pages: Running | None = None

    def says(self, *sentences: str) -> None:
        """The tutorial has these words: what follows in the test is what they promise."""
        for sentence in sentences:
            assert sentence in self.text, f"the page says no longer: {sentence}"

    def count(self, table: str, where: str = "1") -> int:
        with sqlite3.connect(self.home / "gradus.sqlite3") as database:
            return int(database.execute(f"SELECT COUNT(*) FROM annotate_{table} WHERE {where}").fetchone()[0])

    def open_project(self) -> None:
        self.page.goto(self.address)
        self.page.get_by_role("link", name="sums").click()
        expect(self.page).to_have_title("sums · Gradus")


Look = Callable[[Evening, list[str], str], None]
LOOKS: dict[str, Look] = {}


def after(*known: str) -> Callable[[Look], Look]:
    """What is to be seen once the command that these words begin has run; the longest beginning counts."""

    def note(look: Look) -> Look:
        LOOKS.update(dict.fromkeys(known, look))
        return look

    return note


def look_of(words: list[str]) -> Look:
    command = shlex.join(words)
    known = [begin for begin in LOOKS if command.startswith(begin)]
    assert known, f"this test does not know the page's command: {command}"
    return LOOKS[max(known, key=len)]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    pytest.importorskip("torch")
    facts = environment(tmp_path / "home") | {"COLUMNS": "140"}
    with a_terminal(a_clone(tmp_path / "clone"), facts) as terminal:
        yield terminal


@pytest.fixture
def evening(tmp_path: Path, terminal: Terminal, browser: Browser) -> Iterator[Evening]:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(PATIENCE_MS)
    yield Evening(terminal, page, tmp_path / "home", " ".join(text_of(PAGE).split()))
    page.context.close()


def test_the_evening_goes_as_the_page_says(evening: Evening) -> None:
    looked = set()
    for words in commands(PAGE):
        looked.add(look := look_of(words))
        if words[2] == "setup":
            said = set_up(words)
        elif words[2] == "serve":
            evening.pages = evening.terminal.start(words)
            said = evening.pages.line_with("http://")
        else:
            said = evening.terminal.run(words)
        look(evening, words, said)
    assert looked == set(LOOKS.values()), "the page has lost a command"
    ends(evening)


def test_no_command_stands_outside_the_blocks_that_are_run() -> None:
    blocks = [shlex.join(words) for words in commands(PAGE)]
    assert text_of(PAGE).count("manage.py") == sum("manage.py" in command for command in blocks)


def set_up(words: list[str]) -> str:
    """Nothing is installed here: what the command would bring is there, as the record of an installation says or, in
    an environment that somebody else made, as importing it shows."""
    extras = words[3:]
    assert set(extras) <= set(EXTRAS)
    if not is_ready(extras, read_record()):
        return ""
    free = {name: value for name, value in os.environ.items() if name != "GRADUS_NO_BOOTSTRAP"}
    done = subprocess.run(
        [sys.executable, *words[1:]], cwd=REPOSITORY, env=free, capture_output=True, text=True, check=True
    )
    return done.stderr


@after("python3 manage.py setup local")
def what_the_models_need(evening: Evening, words: list[str], said: str) -> None:
    assert said in ("", "gradus: Everything is installed already.\n")


@after("python3 manage.py migrate")
def a_database(evening: Evening, words: list[str], said: str) -> None:
    evening.says("the second a database")
    assert said.count(" OK\n") > 50
    assert evening.count("project") == 0


@after("python3 manage.py person maria")
def a_password(evening: Evening, words: list[str], said: str) -> None:
    evening.says("It prints a password, once.", "`--new-password` behind the same command makes another")
    first = re.search(r"the password (\S+)", said)
    assert first is not None
    assert first[1] not in evening.terminal.run(words)
    again = re.search(r"new password: (\S+)", evening.terminal.run([*words, "--new-password"]))
    assert again is not None
    assert again[1] != first[1]
    evening.password = again[1]


@after("python3 manage.py ingest sums fixtures/demo/arithmetic.jsonl --preview")
def two_of_them(evening: Evening, words: list[str], said: str) -> None:
    evening.says("The first command shows how two of them will look and writes nothing.")
    assert re.findall(r"^trace (arith-\d+)", said, re.MULTILINE) == ["arith-0001", "arith-0002"]
    assert "Nothing was written." in said
    assert (evening.count("project"), evening.count("trace")) == (0, 0)


@after("python3 manage.py ingest sums fixtures/demo/arithmetic.jsonl --create")
def all_sixty(evening: Evening, words: list[str], said: str) -> None:
    evening.says("The second makes the project and reads all sixty. Run it again: sixty *unchanged*.")
    assert re.search(r"created +60\b", said)
    again = evening.terminal.run(words)
    assert re.search(r"created +0\b", again)
    assert re.search(r"unchanged +60\b", again)
    assert evening.count("trace") == 60


@after("python3 manage.py queue sums")
def a_place_for_every_trace(evening: Evening, words: list[str], said: str) -> None:
    evening.says("The first gives every trace a place in the queue")
    assert "60 open" in said


@after("python3 manage.py serve")
def five_traces(evening: Evening, words: list[str], said: str) -> None:
    evening.says(
        "Open the address it prints, sign in as maria, choose the project *sums*, *Start labelling*."
    )
    evening.says("A digit answers a step, Enter submits and brings the next trace. Do five.")
    address = re.search(r"http://\S+/", said)
    assert address is not None
    evening.address = address[0]
    page = evening.page
    page.goto(evening.address)
    page.get_by_label("Username").fill("maria")
    page.get_by_label("Password").fill(evening.password)
    page.keyboard.press("Enter")
    page.wait_for_url(evening.address)
    evening.open_project()
    page.get_by_role("button", name="Start labelling").click()
    source = (REPOSITORY / "fixtures/demo/arithmetic.jsonl").read_text(encoding="utf-8").splitlines()
    for number, trace in enumerate(map(json.loads, source[:5])):
        expect(page).to_have_title(f"{trace['id']} · sums")
        expect(page.locator(".bar")).to_be_visible()
        if number == 0:
            the_problem_stays(evening, trace["problem"]["text"])
        for place in range(len(trace["steps"])):
            page.keyboard.press("3" if place == trace["gold"]["first_error"] else "1")
        expect(page.locator(".bar-next")).to_contain_text("Enter submits")
        page.keyboard.press("Enter")
    expect(page).to_have_title(f"{json.loads(source[5])['id']} · sums")
    assert evening.count("assignment", "state = 'submitted'") == 5
    says_nothing_of_others(evening)


def the_problem_stays(evening: Evening, problem: str) -> None:
    evening.says("the problem stays beside you")
    evening.page.locator(".step").last.scroll_into_view_if_needed()
    expect(evening.page.locator("#problem")).to_contain_text(problem)
    expect(evening.page.locator("#problem")).to_be_in_viewport()
    evening.page.locator(".step").first.scroll_into_view_if_needed()


def says_nothing_of_others(evening: Evening) -> None:
    evening.says("nobody tells you what a machine thinks")
    read = evening.page.locator("main").inner_text()
    assert not [name for name in ("gold", *PEOPLE, *MACHINES) if name in read]


@after("python3 manage.py ingest sums fixtures/demo/people.csv")
def what_people_said(evening: Evening, words: list[str], said: str) -> None:
    evening.says("Four people (made up, and marked as *simulated* everywhere)", "two to four of them each")
    assert re.search(r"labels written +828\b", said)
    with sqlite3.connect(evening.home / "gradus.sqlite3") as database:
        readers = database.execute(
            "SELECT COUNT(DISTINCT rater_id) FROM annotate_label JOIN annotate_step ON annotate_step.id = step_id"
            " JOIN annotate_rater ON annotate_rater.id = rater_id WHERE is_simulated GROUP BY annotate_step.trace_id"
        ).fetchall()
    assert len(readers) == 60
    assert {number for (number,) in readers} == {2, 3, 4}


@after("python3 manage.py prelabel sums --strategy verifier/arithmetic")
def what_a_tool_said(evening: Evening, words: list[str], said: str) -> None:
    evening.says("a tool recomputes every equation")
    assert "is done: 60 of 60 traces" in said
    assert re.search(r"no label at \d+ places: not applicable", said)


@after("python3 manage.py prelabel sums --strategy judge/critique")
def what_a_judge_said(evening: Evening, words: list[str], said: str) -> None:
    evening.says("Models are dear on a laptop, so here they do the first dozen traces:")
    assert "is done: 12 of 12 traces" in said


@after("python3 manage.py prelabel sums --strategy rollout/scan")
def what_rollouts_said(evening: Evening, words: list[str], said: str) -> None:
    assert "is done: 12 of 12 traces" in said
    page = evening.page
    page.reload()
    says_nothing_of_others(evening)
    evening.says("Go back to the project's page, choose *Browse* and open the first trace:")
    evening.says("under each step stands who said what, and why")
    evening.open_project()
    page.get_by_role("link", name="Browse").click()
    page.get_by_role("link", name="arith-0001").click()
    first = page.locator("#step-0")
    for name in PEOPLE:
        expect(first).to_contain_text(f"{name} (simulated)")
    for words_of_one in ("maria", *MACHINES, "10 - 3 = 7 supported", "rollouts reached the answer"):
        expect(first).to_contain_text(words_of_one)
    first.get_by_text("The judge's words").click()
    expect(first.locator("details[open]")).to_contain_text("10 - 3")
    evening.says("The verifier is silent about steps that state no equation")
    last = page.locator("#step-6")
    expect(last).to_contain_text("judge/critique")
    expect(last).to_contain_text("says nothing: not applicable verifier/arithmetic")


@after("python3 manage.py audit sums")
def no_audit_yet(evening: Evening, words: list[str], said: str) -> None:
    evening.says("None is running, so the judge is believed for tonight, and this says so:")
    assert "not audited yet" in said
    assert evening.count("run", "name = 'audit/judge' AND state = 'queued'") == 1


@after("python3 manage.py measure sums")
def how_far_they_agree(evening: Evening, words: list[str], said: str) -> None:
    evening.says("Every figure has its interval and the number of labels behind it.")
    figures = re.findall(r"^ *\d\.\d\d (\(\d\.\d\d–\d\.\d\d\))? +(\d+) +(\S.*\S) *$", said, re.MULTILINE)
    assert len(figures) >= 10
    assert all(interval and int(number) > 0 for interval, number, _ in figures)
    evening.says("*Raters on one ruler*, on the project's page, has all of them, people and machines")
    evening.open_project()
    page = evening.page
    page.get_by_role("link", name="Raters on one ruler").click()
    for name in (*PEOPLE, "maria", *MACHINES):
        expect(page.get_by_role("row").filter(has_text=name).first).to_be_visible()
    evening.says("only the rollouts stand beside it, because nobody else was asked their question")
    alone = page.get_by_role("row").filter(has_text="Nobody else has labelled what this rater has.")
    expect(alone).to_have_count(1)
    expect(alone).to_contain_text("rollout/scan")


def funnel(said: str) -> list[tuple[str, str, int]]:
    rows = re.findall(r"^│ (\S.*?) +│ +(keep|ask|drop|) *│ +([\d,]+) │", said, re.MULTILINE)
    return [(rule, action, int(steps.replace(",", ""))) for rule, action, steps in rows]


@after("python3 manage.py consensus sums --policy majority")
def what_most_said(evening: Evening, words: list[str], said: str) -> None:
    evening.says("The first takes what most people said and asks where they are divided.")
    (_, _, total), *became = funnel(said)
    assert total == sum(steps for _, _, steps in became) == 327
    assert {rule: action for rule, action, steps in became if steps} == {
        "A tie": "ask",
        "After the first error": "drop",
        "Most raters agree": "keep",
    }


@after("python3 manage.py consensus sums --policy posterior")
def what_all_signals_say(evening: Evening, words: list[str], said: str) -> None:
    evening.says("what it is not sure of it drops, or puts to you", "The table it prints is the funnel")
    (_, _, total), *became = funnel(said)
    assert total == sum(steps for _, _, steps in became) == 327
    kept = sum(steps for _, action, steps in became if action == "keep")
    to_decide = total - sum(steps for rule, _, steps in became if rule == "After the first error")
    assert kept > 150
    evening.says("*Risks, disputes and costs*, on the project's page, opens the explorer")
    evening.says("a slider shows what you would keep at any other risk")
    evening.open_project()
    page = evening.page
    page.get_by_role("link", name="Risks, disputes and costs").click()
    note = page.locator('[data-tile="kept"] .tile-note')
    expect(note).to_contain_text(f"{kept} of {to_decide} steps")
    page.get_by_role("slider", name="Keep steps of a risk up to").focus()
    page.keyboard.press("End")
    expect(note).not_to_contain_text(f"{kept} of")
    assert int(note.inner_text().split()[0]) > kept


@after("python3 manage.py export sums release")
def a_data_set(evening: Evening, words: list[str], said: str) -> None:
    release = evening.terminal.clone / "release"
    evening.says("the data in the shape that TRL reads")
    parts = {name: rows_in(release / f"data/{name}.jsonl") for name in ("train", "validation")}
    for row in [row for rows in parts.values() for row in rows]:
        assert {"prompt", "completions", "labels"} <= row.keys()
        assert len(row["completions"]) == len(row["labels"]) > 0  # type: ignore[arg-type]
    problems = {name: {row["prompt"] for row in rows} for name, rows in parts.items()}
    evening.says("the fifth of the problems that it has not seen")
    assert problems["train"].isdisjoint(problems["validation"])
    n_held = len(problems["validation"])
    assert 0.1 < n_held / (n_held + len(problems["train"])) < 0.35
    evening.says("a card that says who labelled and how far they agreed")
    card = (release / "README.md").read_text(encoding="utf-8")
    assert "person (simulated)" in card
    assert all(name in card for name in MACHINES)
    assert "alpha people" in card
    evening.says("a manifest with a checksum of every file")
    sums = json.loads((release / "manifest.json").read_text(encoding="utf-8"))["files"]
    there = {path.relative_to(release).as_posix() for path in release.rglob("*") if path.is_file()}
    assert {file["path"] for file in sums} == there - {"manifest.json"}
    for file in sums:
        assert hashlib.sha256((release / file["path"]).read_bytes()).hexdigest() == file["sha256"]


def rows_in(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@after(".venv/bin/python docs/train_prm.py release")
def a_model(evening: Evening, words: list[str], said: str) -> None:
    evening.says("It prints the loss, and how often the model calls a step rightly before and after")
    first, *reports, last = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    before, after_it = first["before"], last["after"]
    assert all(report["loss"] > 0 for report in reports)
    assert after_it["loss"] < before["loss"]
    assert first["held"] == len(rows_in(evening.terminal.clone / "release/data/validation.jsonl"))
    evening.says("From sixty traces it learns hardly anything beyond *most steps are good*")
    evening.says("the majority's share stands beside its own")
    assert before["accuracy"] < after_it["majority"]
    assert abs(after_it["accuracy"] - after_it["majority"]) < 0.1
    assert (evening.terminal.clone / "prm/model.safetensors").is_file()


def ends(evening: Evening) -> None:
    evening.says("Ctrl-C in the first terminal stops the pages.")
    assert evening.pages is not None
    assert evening.terminal.interrupt(evening.pages) == 0
    assert evening.pages.said().endswith("Stopping.\n")
    assert processes_under(evening.home) == [evening.terminal.server.pid]
    evening.says("but for `release` and `prm`, two folders that the last two commands write beside it")
    assert left_in(evening.terminal.clone) == {"release", "prm"}
