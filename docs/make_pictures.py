"""Draw the pictures of docs/plain-statistics.md from our own statistics: ``python -m docs.make_pictures``.

Every number in them is computed by ``annotate.stats`` (the place of a first error by the rollouts' own model) from data
that stands here. Ink on white paper, with direct labels; positions are whole numbers, so that the files stay the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from xml.sax.saxutils import escape

import numpy as np

from annotate.prelabel.continuations.changepoint import ChangePoint
from annotate.stats.aggregate.confusion import confusion_rates
from annotate.stats.aggregate.dawid_skene import dawid_skene
from annotate.stats.aggregate.majority import majority
from annotate.stats.cohen import cohen_kappa
from annotate.stats.locate.risk import conformal_threshold
from annotate.stats.rasch.fit import fit_rasch
from annotate.stats.rasch.ratings import Ratings
from annotate.stats.table import LongTable

IMAGES = Path(__file__).parent / "images"
INK, QUIET, RULE, GOOD, BAD = "#1c1b19", "#4b4943", "#dedad1", "#1f5aa6", "#c03d0c"


class Sheet:
    """An SVG under way."""

    def __init__(self, width: int, height: int, says: str) -> None:
        self._size, self._says, self._parts = (width, height), says, [f"<title>{escape(says)}</title>"]

    def text(
        self, x: float, y: float, words: str, *, at: str = "start", size: int = 13, ink: str = INK
    ) -> None:
        place = f'x="{round(x)}" y="{round(y)}" font-size="{size}" fill="{ink}" text-anchor="{at}"'
        self._parts.append(f"<text {place}>{escape(words)}</text>")

    def line(self, x1: float, y1: float, x2: float, y2: float, *, ink: str = RULE, width: int = 1) -> None:
        ends = f'x1="{round(x1)}" y1="{round(y1)}" x2="{round(x2)}" y2="{round(y2)}"'
        self._parts.append(f'<line {ends} stroke="{ink}" stroke-width="{width}"/>')

    def box(
        self, x: float, y: float, width: float, height: float, *, ink: str = GOOD, faint: bool = False
    ) -> None:
        size = f'x="{round(x)}" y="{round(y)}" width="{round(width)}" height="{round(height)}"'
        opacity = ' opacity="0.35"' if faint else ""
        self._parts.append(f'<rect {size} fill="{ink}"{opacity}/>')

    def dot(self, x: float, y: float, *, ink: str = INK) -> None:
        self._parts.append(f'<circle cx="{round(x)}" cy="{round(y)}" r="5" fill="{ink}"/>')

    def path(self, points: list[tuple[float, float]], *, ink: str = GOOD) -> None:
        joined = " ".join(f"{round(x)},{round(y)}" for x, y in points)
        self._parts.append(f'<polyline points="{joined}" fill="none" stroke="{ink}" stroke-width="2"/>')

    def drawn(self) -> str:
        width, height = self._size
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img"'
        style = 'font-family="system-ui, sans-serif"'
        paper = f'<rect width="{width}" height="{height}" fill="#fcfbf8"/>'
        return "\n".join(
            (f'{head} aria-label="{escape(self._says)}" {style}>', paper, *self._parts, "</svg>", "")
        )


def agreement() -> str:
    """Two readers who agree on 90 of 100 steps: once by reading, once by calling nearly everything good."""
    worlds = {"half of the steps are bad": (45, 5, 5, 45), "nearly all steps are good": (90, 5, 5, 0)}
    sheet = Sheet(640, 205, "Agreement of 90 % can be a kappa of 0.80 or of −0.05")
    for row, (name, (both_good, one, other, both_bad)) in enumerate(worlds.items()):
        pairs = [("good", "good")] * both_good + [("good", "bad")] * one
        pairs += [("bad", "good")] * other + [("bad", "bad")] * both_bad
        table = LongTable.from_columns(
            item=[place for place, _ in enumerate(pairs) for _ in "ab"],
            rater=["a", "b"] * len(pairs),
            value=[value for pair in pairs for value in pair],
        )
        kappa = cohen_kappa(table).value
        assert kappa is not None
        same = (both_good + both_bad) / len(pairs)
        chance = (same - kappa) / (1 - kappa)
        y = 50 + row * 95
        sheet.text(10, y - 16, f"{name}: they agree on {same:.0%}", size=15)
        sheet.box(10, y, 600 * same, 22, faint=True)
        sheet.box(10, y, 600 * chance, 22, ink=QUIET, faint=True)
        sheet.text(16, y + 16, f"{chance:.0%} by chance alone")
        sheet.line(610, y - 4, 610, y + 26, ink=INK)
        said = f"kappa {kappa:.2f}: of what chance left open, {max(kappa, 0):.0%}"
        sheet.text(10, y + 42, said.replace("-", "−"))
    return sheet.drawn()


def ruler() -> str:
    """Four readers of differing severity and five questions, on one ruler."""
    random = Random(4)
    severity = {"Ann": -1.2, "Ben": -0.3, "Cem": 0.4, "Dora": 1.4}
    rows = [
        (step, name, int(1 / (1 + np.exp(-(depth - hard))) > random.random()))
        for step in range(160)
        for depth in [random.gauss(0.6, 1.3)]
        for name, hard in severity.items()
    ]
    table = LongTable.from_columns(
        item=[row[0] for row in rows],
        rater=[row[1] for row in rows],
        value=[row[2] for row in rows],
        levels=[0, 1],
    )
    raters = fit_rasch(Ratings.from_table(table), estimator="eb").facet("rater")
    sheet = Sheet(640, 170, "Four readers on one ruler, with how sure their places are")

    def x(logits: float) -> float:
        return 320 + logits * 120

    sheet.line(40, 120, 600, 120, ink=INK)
    for tick in (-2, -1, 0, 1, 2):
        sheet.line(x(tick), 116, x(tick), 124, ink=INK)
        sheet.text(x(tick), 142, str(tick).replace("-", "−"), at="middle", ink=QUIET)
    sheet.text(40, 162, "mild: calls more steps good", ink=QUIET)
    sheet.text(600, 162, "severe: calls fewer good", at="end", ink=QUIET)
    for place, (name, measure, error) in enumerate(
        zip(raters.elements, raters.measure, raters.se, strict=True)
    ):
        y = 30 + place * 22
        sheet.line(x(measure - 2 * error), y, x(measure + 2 * error), y, ink=QUIET, width=2)
        sheet.dot(x(measure), y)
        sheet.text(x(measure + 2 * error) + 8, y + 4, str(name))
    return sheet.drawn()


def witnesses() -> str:
    """Three raters with different habits, what a vote makes of them, and what their tables make of them."""
    random = Random(7)
    rows: list[tuple[int, str, str]] = []
    truth = ["good" if random.random() < 0.7 else "bad" for _ in range(600)]
    for step, right in enumerate(truth):
        wrong = {"good": "bad", "bad": "good"}[right]
        rows.append((step, "careful", right if random.random() < 0.92 else wrong))
        rows.append((step, "always good", "good" if random.random() < 0.97 else "bad"))
        rows.append((step, "the wrong way round", wrong if random.random() < 0.9 else right))
        rows.append((step, "fair", right if random.random() < 0.8 else wrong))
    known = {step: right for step, right in enumerate(truth) if step < 60}
    table = LongTable.from_columns(
        item=[row[0] for row in rows], rater=[row[1] for row in rows], value=[row[2] for row in rows]
    )
    fit = dawid_skene(table, known=known)
    rates, levels = confusion_rates(fit), list(fit.levels)
    sheet = Sheet(
        640, 290, "What each rater says of steps that are bad, and what comes of a vote and of the tables"
    )
    sheet.text(10, 24, "Of steps that are bad, this rater says “bad”:", size=15)
    bad = levels.index("bad")
    for place, name in enumerate(fit.raters):
        y = 42 + place * 34
        sheet.text(170, y + 16, str(name), at="end")
        sheet.box(180, y, 400 * rates[place, bad, bad], 22, ink=BAD, faint=True)
        sheet.text(186, y + 16, f"{rates[place, bad, bad]:.0%}")

    def right_of(said: tuple[object, ...]) -> float:
        return sum(said[step] == truth[step] for step in range(60, 600)) / 540

    sheet.text(10, 210, "Right about the other steps:", size=15)
    for place, (name, said) in enumerate(
        (("most votes", majority(table).labels()), ("by the tables", fit.labels()))
    ):
        y = 224 + place * 30
        sheet.text(170, y + 16, name, at="end")
        sheet.box(180, y, 400 * right_of(said), 20, faint=True)
        sheet.text(186, y + 15, f"{right_of(said):.0%}")
    return sheet.drawn()


def first_error() -> str:
    """A trace of eight steps: rollouts that still reach the answer, and what they say of the place of the error."""
    hits, misses = (4, 3, 4, 3, 0, 1, 0), (0, 1, 0, 1, 4, 3, 4)
    n = len(hits)
    model = ChangePoint([1.0] * n + [float(n)], [1 - (place + 1) / (n + 1) for place in range(n)])
    believed = model.locate(hits, misses, (3, 1)).probabilities
    sheet = Sheet(640, 260, "Where the first error is, by rollouts from every step")
    sheet.text(10, 22, "Four rollouts from the end of each step: filled reached the answer", size=15)
    for place in range(n):
        x = 90 + place * 72
        for which in range(4):
            sheet.box(x + which * 13 - 24, 38, 10, 10, ink=GOOD if which < hits[place] else RULE)
        sheet.text(x, 68, f"step {place + 1}", at="middle", ink=QUIET)
    sheet.text(10, 100, "How probable it is that the first error is there", size=15)
    for place, share in enumerate(believed):
        x = 90 + place * 72
        is_best = place == int(np.argmax(believed))
        sheet.box(
            x - 22,
            230 - 100 * share,
            44,
            max(100 * share, 1),
            ink=BAD if is_best else QUIET,
            faint=not is_best,
        )
        sheet.text(x, 224 - 100 * share, f"{share:.0%}", at="middle")
        sheet.text(x, 248, f"step {place + 1}" if place < n else "later", at="middle", ink=QUIET)
    return sheet.drawn()


def risk() -> str:
    """What may be kept by itself: the error among gold that was held out, by how much risk is accepted."""
    random = np.random.default_rng(11)
    traces, steps = 400, 6
    risks = random.beta(0.5, 4.0, traces * steps)
    is_wrong = random.random(traces * steps) < np.minimum(risks * 1.2, 1.0)
    trace = np.repeat(np.arange(traces), steps)
    kept_at = conformal_threshold(risks, is_wrong, trace, error=0.02)
    assert kept_at.risk is not None
    sheet = Sheet(640, 300, "The most risk that may be accepted for at most 2 % wrong")
    grid = np.linspace(0.0, 0.15, 61)
    wrong = [(is_wrong & (risks <= at)).mean() for at in grid]
    kept = [(risks <= at).mean() for at in grid]

    def x(at: float) -> float:
        return 60 + at / 0.15 * 540

    def y(share: float, most: float) -> float:
        return 250 - share / most * 200

    sheet.line(60, 250, 600, 250, ink=INK)
    sheet.path([(x(at), y(share, 1.0)) for at, share in zip(grid, kept, strict=True)], ink=QUIET)
    sheet.text(600, y(kept[-1], 1.0) - 10, f"kept: {kept[-1]:.0%} of all steps", at="end", ink=QUIET)
    sheet.path([(x(at), y(share, 0.08)) for at, share in zip(grid, wrong, strict=True)], ink=BAD)
    sheet.text(600, y(wrong[-1], 0.08) - 12, f"kept and wrong: {wrong[-1]:.1%}", at="end", ink=BAD)
    sheet.line(60, y(0.02, 0.08), 600, y(0.02, 0.08))
    sheet.text(600, y(0.02, 0.08) + 18, "2% wrong: what was promised", at="end", ink=BAD)
    sheet.line(x(kept_at.risk), 40, x(kept_at.risk), 250, ink=GOOD, width=2)
    told = f"accept a risk of up to {kept_at.risk:.2f}: {kept_at.kept:.0%} of the steps are kept"
    sheet.text(x(kept_at.risk), 28, told, at="middle", ink=GOOD)
    for at in (0.0, 0.05, 0.1, 0.15):
        sheet.text(x(at), 268, f"{at:.2f}", at="middle", ink=QUIET)
    sheet.text(330, 290, "risk that a step is wrong, as the model believes", at="middle", ink=QUIET)
    return sheet.drawn()


PICTURES: Mapping[str, Callable[[], str]] = {
    "plain-agreement.svg": agreement,
    "plain-ruler.svg": ruler,
    "plain-witnesses.svg": witnesses,
    "plain-first-error.svg": first_error,
    "plain-risk.svg": risk,
}


if __name__ == "__main__":
    for name, draw in PICTURES.items():
        (IMAGES / name).write_text(draw(), encoding="utf-8")
