"""Hold what the images install against the known vulnerabilities, and say loudly what could not be held against them.

    python .ci/audit.py [FILE]

Ends with 1 where something is known to be vulnerable. What was not checked is written into FILE too, to be said again
at the end of a long log: an index that cannot be reached, or that does not know a package, is no clean bill.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

REQUIREMENTS = Path(__file__).resolve().parents[1] / "requirements"
LOCKED = ("base", "export", "local", "otel", "stats")
# Versions come from the files, not from what happens to be installed. torch has no hashes (requirements/torch.txt).
ASKED = (
    (*(f"--requirement={REQUIREMENTS / name}.lock" for name in LOCKED), "--require-hashes"),
    (f"--requirement={REQUIREMENTS / 'torch.txt'}", "--no-deps"),
)


def answers(options: tuple[str, ...]) -> list[dict[str, Any]] | str:
    """One entry a package, or what was said instead of an answer."""
    command = [sys.executable, "-m", "pip_audit", *options, "--disable-pip", "--progress-spinner=off"]
    done = subprocess.run([*command, "--format=json"], capture_output=True, text=True, check=False)
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return not_checked(options, (done.stderr.strip().splitlines() or ["nothing was said"])[-1])
    return found


def not_checked(options: tuple[str, ...], said: str) -> str:
    files = ", ".join(Path(one).name for one in options if one.startswith("--requirement="))
    return f"nothing of {files}: {said[:200]}"


def report(audits: list[list[dict[str, Any]] | str]) -> tuple[list[str], list[str], int]:
    """What is vulnerable, what was not checked, and how many packages were."""
    vulnerable: list[str] = []
    unchecked: list[str] = []
    checked: set[str] = set()
    unknown: set[str] = set()
    for audit in audits:
        if isinstance(audit, str):
            unchecked.append(f"NOT CHECKED for known vulnerabilities, {audit}")
            continue
        for one in audit:
            name = f"{one['name']} {one.get('version', '')}".strip()
            if "skip_reason" in one:
                unknown.add(one["name"])
                continue
            checked.add(name)
            vulnerable += [f"VULNERABLE: {name}: {hole['id']}" for hole in one["vulns"]]
    if unknown:
        unchecked.append(
            f"NOT CHECKED for known vulnerabilities, {len(unknown)} of {len(unknown) + len(checked)} packages,"
            f" since the index here does not know them: {', '.join(sorted(unknown))}"
        )
    return sorted(set(vulnerable)), unchecked, len(checked)


def main(arguments: list[str]) -> int:
    vulnerable, unchecked, checked = report([answers(options) for options in ASKED])
    print(f"{checked} packages were checked.", *unchecked, *vulnerable, sep="\n")
    for path in arguments:
        Path(path).write_text("".join(f"{line}\n" for line in unchecked))
    return 1 if vulnerable else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
