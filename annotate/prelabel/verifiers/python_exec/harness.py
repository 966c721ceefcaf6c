"""Runs within the sandbox: a trace's code blocks one after the other in one namespace, as a notebook does.

Standard input holds ``{"blocks": [code, …], "marker": text}``. After each block a line with the marker and a JSON
object is printed, so that what ran before a block that never ends is known. ``echo`` is the value of a last line that
is an expression, which a notebook shows like something printed.
"""

import ast
import contextlib
import io
import json
import sys

MAX_OUTPUT = 10_000
MAX_VALUE = 400
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
PLAIN = (int, float, complex, str, bool, bytes, list, tuple, dict, set, frozenset, type(None))


class Capped(io.StringIO):
    def write(self, text: str) -> int:
        if self.tell() > MAX_OUTPUT:
            # Told like any limit of the sandbox: it says nothing of the code.
            raise MemoryError("printed too much")
        return super().write(text)


def shown_state(namespace: dict[str, object]) -> dict[str, str]:
    state = {}
    for name, value in list(namespace.items()):
        if not name.startswith("_") and isinstance(value, PLAIN):
            try:
                text = repr(value)
            except Exception:  # noqa: BLE001, S112  a value that cannot be shown is not compared
                continue
            if len(text) <= MAX_VALUE:
                state[name] = text
    return state


def main() -> None:
    job = json.loads(sys.stdin.read())
    sys.stdin = io.StringIO("")
    say = sys.stdout.write
    namespace: dict[str, object] = {"__name__": "__main__"}
    for number, code in enumerate(job["blocks"]):
        printed, error, message, echo, defines = Capped(), "", "", "", False
        try:
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
                tree = ast.parse(code, f"block {number}")
                defines = any(isinstance(node, DEFINITIONS) for node in tree.body)
                last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
                exec(compile(tree, f"block {number}", "exec"), namespace)  # noqa: S102  this is what the sandbox is for
                if last is not None:
                    value = eval(compile(ast.Expression(last.value), f"block {number}", "eval"), namespace)  # noqa: S307
                    echo = "" if value is None else repr(value)[:MAX_OUTPUT]
        except BaseException as raised:  # noqa: BLE001  whatever it raises is what we came to see
            error, message = type(raised).__name__, str(raised)[:MAX_VALUE]
        told = {
            "block": number,
            "stdout": printed.getvalue(),
            "error": error,
            "message": message,
            "echo": echo,
            "defines": defines,
            "state": shown_state(namespace),
        }
        say(f"\n{job['marker']}{json.dumps(told)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
