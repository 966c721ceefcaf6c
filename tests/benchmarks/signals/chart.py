"""Small multiples of accuracy against tokens, as one SVG that needs no library to draw or to read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 250, 200
_LEFT, _TOP, _BOTTOM, _RIGHT = 34, 26, 26, 8
_LOW, _HIGH = 0.03, 4.0
_TICKS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0)
# Told apart by people who see few colours too: the dashes differ as well.
_STYLES = (
    ("#777777", ""),
    ("#999999", "4 3"),
    ("#0072b2", ""),
    ("#56b4e9", "6 3"),
    ("#e69f00", ""),
    ("#cc79a7", "2 2"),
    ("#009e73", ""),
    ("#d55e00", "7 2"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """Points (tokens as a share of fixed k = 8, accuracy), from cheap to dear."""

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Panel:
    title: str
    lines: tuple[Line, ...]


def chart(panels: Sequence[Panel], *, columns: int) -> str:
    """One SVG; lines are styled by their name's place in the first panel."""
    styles = {line.name: _STYLES[i % len(_STYLES)] for i, line in enumerate(panels[0].lines)}
    rows = math.ceil(len(panels) / columns)
    width, height = columns * _WIDTH, rows * _HEIGHT + 60
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-size="10"'
        ' font-family="sans-serif" role="img" aria-label="Share of first errors placed exactly, against tokens spent">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for number, panel in enumerate(panels):
        x, y = (number % columns) * _WIDTH, (number // columns) * _HEIGHT
        parts.append(f'<g transform="translate({x} {y})">{_panel(panel, styles)}</g>')
    parts.append(f'<g transform="translate(10 {rows * _HEIGHT + 14})">{_legend(styles, columns)}</g>')
    return "\n".join([*parts, "</svg>\n"])


def _panel(panel: Panel, styles: dict[str, tuple[str, str]]) -> str:
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    parts = [f'<text x="{_LEFT}" y="16" font-weight="bold">{escape(panel.title)}</text>']
    for share in _TICKS:
        x = _across(share)
        parts.append(f'<path d="M{x:.1f} {_TOP}V{bottom}" stroke="#eeeeee"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 12}" text-anchor="middle">{share * 100:g} %</text>')
    for accuracy in (0.2, 0.4, 0.6, 0.8, 1.0):
        y = _up(accuracy)
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{right}" stroke="#eeeeee"/>')
        parts.append(f'<text x="{_LEFT - 4}" y="{y + 3:.1f}" text-anchor="end">{accuracy:.1f}</text>')
    for line in panel.lines:
        colour, dash = styles[line.name]
        places = [(_across(share), _up(accuracy)) for share, accuracy in line.points]
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        parts.append(
            f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.6" stroke-dasharray="{dash}"/>'
        )
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.4" fill="{colour}"/>' for x, y in places]
    return "".join(parts)


def _legend(styles: dict[str, tuple[str, str]], columns: int) -> str:
    parts = ['<text y="0">Exact place of the first error, against tokens as a share of fixed k = 8</text>']
    for number, (name, (colour, dash)) in enumerate(styles.items()):
        x, y = (number % columns) * (_WIDTH - 10), 16 + 15 * (number // columns)
        parts.append(
            f'<path d="M{x} {y - 3}h24" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
        )
        parts.append(f'<text x="{x + 30}" y="{y}">{escape(name)}</text>')
    return "".join(parts)


def _across(share: float) -> float:
    bounded = min(max(share, _LOW), _HIGH)
    part = math.log(bounded / _LOW) / math.log(_HIGH / _LOW)
    return _LEFT + part * (_WIDTH - _RIGHT - _LEFT)


def _up(accuracy: float) -> float:
    return _HEIGHT - _BOTTOM - accuracy * (_HEIGHT - _BOTTOM - _TOP)
