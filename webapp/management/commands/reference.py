"""`manage.py reference`: write the reference pages of the handbook from the code."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils import translation

from webapp.management.base import GradusCommand
from webapp.management.reference.pages import PAGES
from webapp.management.reference.said import Undescribed


class Command(GradusCommand):
    help = "Write the handbook's reference pages (docs/reference) from the code."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="write nothing; fail where a page is not as it would be"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(settings.BASE_DIR) / "docs" / "reference"
        with translation.override("en"):
            try:
                written = {name: make() for name, make in PAGES.items()}
            except Undescribed as error:
                raise CommandError(f"{error}.") from None
        stale = [name for name, text in written.items() if not _is(folder / name, text)]
        if options["check"]:
            if stale:
                raise CommandError(
                    f"Not as the code is: {', '.join(stale)}. Run python3 manage.py reference."
                )
            self.stdout.write(f"{len(written)} pages, all as the code is.")
            return
        folder.mkdir(exist_ok=True)
        for name in stale:
            (folder / name).write_text(written[name], encoding="utf-8")
        self.stdout.write(f"{len(written)} pages, {len(stale)} of them new or changed.")


def _is(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text
