#!/usr/bin/env python3
"""Gradus from the command line. The first start builds the environment it runs in: webapp/setup_venv.py."""

import os
import sys


def main() -> None:
    # Checked before anything newer is imported, so that an old Python prints this line and no SyntaxError.
    if sys.version_info < (3, 11):  # noqa: UP036
        found = ".".join(str(part) for part in sys.version_info[:3])
        sys.exit(
            "Gradus needs Python 3.11 or newer, and this is Python " + found + " (" + sys.executable + ")."
        )

    from webapp import setup_venv

    setup_venv.enter(sys.argv)
    if sys.argv[1:2] == ["test"]:
        # pytest-django sets Django up itself, with the test database: nothing of it may be loaded before.
        setup_venv.become([sys.executable, "-m", "pytest", *sys.argv[2:]])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    from django.core.management import execute_from_command_line

    from webapp.env import EnvError

    try:
        execute_from_command_line(sys.argv)
    except EnvError as error:
        sys.exit("gradus: " + str(error))


if __name__ == "__main__":
    main()
