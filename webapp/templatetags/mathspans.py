r"""Find TeX in Markdown: ``$…$ $$…$$ \(…\) \[…\]`` and bare ``\begin{align}…\end{align}``.

The parser only marks the places; KaTeX sets them in the browser. Without JavaScript the source stands there,
delimiters included. A dollar sign opens math only before a non-space and closes it only after one and not before a
digit, so that "$5 and $6" stays money.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

DELIMITERS = {"$$": "$$", "\\[": "\\]", "\\(": "\\)", "$": "$"}
IS_DISPLAY = {"$$", "\\["}
# Each takes everything up to its closing mark, passing over escapes, and never looks back: a text of nothing but
# opening marks costs its length times LONGEST_FORMULA and no more.
LONGEST_FORMULA = 4000
_UNTIL = {
    "$": re.compile(r"(?:[^\\$]|\\.)*+\$", re.DOTALL),
    "$$": re.compile(r"(?:[^\\$]|\\.|\$(?!\$))*+\$\$", re.DOTALL),
    "\\)": re.compile(r"(?:[^\\]|\\[^)])*+\\\)", re.DOTALL),
    "\\]": re.compile(r"(?:[^\\]|\\[^\]])*+\\\]", re.DOTALL),
}
ENVIRONMENT = re.compile(
    r"\\begin\{((?:align|aligned|equation|gather|gathered|cases|array|[pbv]matrix)\*?)\}"
)


def use_math(md: MarkdownIt) -> None:
    """Teach ``md`` to mark TeX, inline and as blocks that lists and quotes inside them do not break."""
    md.block.ruler.before("fence", "math_block", _block, {"alt": ["paragraph", "list", "blockquote"]})
    md.inline.ruler.before("escape", "math", _inline)
    md.add_render_rule("math", _render)


def _inline(state: StateInline, silent: bool) -> bool:
    opening = next((mark for mark in DELIMITERS if state.src.startswith(mark, state.pos)), None)
    if opening is None:
        return False
    start = state.pos + len(opening)
    end = _closing(state.src, start, DELIMITERS[opening])
    if end is None or not state.src[start:end].strip():
        return False
    if opening == "$" and not _is_tight(state.src, start, end):
        return False
    if not silent:
        _push(state, opening, state.src[state.pos : end + len(opening)])
    state.pos = end + len(opening)
    return True


def _closing(source: str, start: int, closing: str) -> int | None:
    found = _UNTIL[closing].match(source, start, start + LONGEST_FORMULA)
    return None if found is None else found.end() - len(closing)


def _is_tight(source: str, start: int, end: int) -> bool:
    after = source[end + 1 : end + 2]
    return not source[start].isspace() and not source[end - 1].isspace() and not after.isdigit()


def _push(state: StateInline | StateBlock, opening: str, source: str) -> None:
    token = state.push("math", "span", 0)
    token.content = source
    token.meta = {"is_display": opening in IS_DISPLAY}


def _block(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """A display that begins a line and whose end closes a line."""
    begin = state.bMarks[start_line] + state.tShift[start_line]
    opening, closing = _block_delimiters(state.src, begin)
    if not opening:
        return False
    end = state.src.find(closing, begin + len(opening), state.eMarks[end_line - 1])
    if end < 0:
        return False
    end += len(closing)
    last = next(line for line in range(start_line, end_line) if state.eMarks[line] >= end)
    if state.src[end : state.eMarks[last]].strip(" .,;\t"):
        return False
    if not silent:
        state.push("paragraph_open", "p", 1)
        _push(state, "$$", state.src[begin:end])
        rest = state.push("text", "", 0)
        rest.content = state.src[end : state.eMarks[last]].strip()
        state.push("paragraph_close", "p", -1)
        state.line = last + 1
    return True


def _block_delimiters(source: str, begin: int) -> tuple[str, str]:
    for opening in IS_DISPLAY:
        if source.startswith(opening, begin):
            return opening, DELIMITERS[opening]
    environment = ENVIRONMENT.match(source, begin)
    if environment is None:
        return "", ""
    return environment.group(0), f"\\end{{{environment.group(1)}}}"


def _render(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    kind = "math math-display" if tokens[index].meta["is_display"] else "math"
    return f'<span class="{kind}">{escapeHtml(tokens[index].content)}</span>'
