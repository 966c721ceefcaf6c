"""Bring locale/*/LC_MESSAGES/django.po and .mo up to date, or begin one for a new language."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from webapp.management.base import GradusCommand
from webapp.management.catalogue import Text, texts


class Command(GradusCommand):
    help = (
        "Writes every text that Gradus says into the catalogues: new ones empty, translations that are there kept,"
        " texts that are gone left out; then compiles them. Needs the dev extra."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "language", nargs="*", help="codes such as fr; without any, those of settings.LANGUAGES"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        usual = [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
        found = texts()
        for code in options["language"] or usual:
            self._update(code, found)

    def _update(self, code: str, found: dict[Text, list[str]]) -> None:
        try:
            import polib
        except ImportError:
            raise CommandError(
                "polib is not installed. Run: python3 manage.py setup local export dev"
            ) from None
        path = Path(settings.LOCALE_PATHS[0]) / code / "LC_MESSAGES" / "django.po"
        path.parent.mkdir(parents=True, exist_ok=True)
        old = polib.pofile(str(path)) if path.exists() else polib.POFile()
        known = {(one.msgctxt or "", one.msgid): one for one in old}
        catalogue = polib.POFile(wrapwidth=110)
        catalogue.metadata = old.metadata or {
            "Project-Id-Version": "Gradus",
            "Language": code,
            "MIME-Version": "1.0",
            "Content-Type": "text/plain; charset=UTF-8",
            "Content-Transfer-Encoding": "8bit",
            "Plural-Forms": "nplurals=2; plural=(n != 1);",
        }
        for text, places in found.items():
            catalogue.append(self._entry(polib, text, places, known.get((text.context, text.singular))))
        catalogue.save(str(path))
        catalogue.save_as_mofile(str(path.with_suffix(".mo")))
        left = len(catalogue.untranslated_entries())
        self.console.print(f"{code}: {len(catalogue)} texts, {left or 'none'} to translate, in {path}")

    @staticmethod
    def _entry(polib: Any, text: Text, places: list[str], old: Any) -> Any:
        entry = polib.POEntry(msgid=text.singular, occurrences=[(place, "") for place in places])
        if text.context:
            entry.msgctxt = text.context
        if "%(" in text.singular:
            entry.flags.append("python-format")
        if text.plural:
            entry.msgid_plural = text.plural
            entry.msgstr_plural = dict(old.msgstr_plural) if old else {}
            entry.msgstr_plural = entry.msgstr_plural or {0: "", 1: ""}
        elif old:
            entry.msgstr = old.msgstr
        return entry
