from __future__ import annotations

import re
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.core.management import call_command

from webapp.management.catalogue import Text, in_python, in_template, texts

OTHERS = [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}|%%|</?[a-z]+[^>]*>")
SPACE_AROUND = re.compile(r"^(\s*).*?(\s*)$", re.DOTALL)
# Words that a template shows to people as they are: between two tags, or in an attribute that is read out.
BARE = re.compile(r"[A-Za-z]{3,}")
IS_A_NAME = {"CSV", "SVG", "PNG", "Gradus", "manifest.json", "Token", "Authorization"}


def catalogue(code: str, ending: str = "po") -> Path:
    return Path(settings.LOCALE_PATHS[0]) / code / "LC_MESSAGES" / f"django.{ending}"


def entries(code: str) -> polib.POFile:
    return polib.pofile(str(catalogue(code)))


def forms(entry: polib.POEntry) -> list[tuple[str, str]]:
    """(English, translation) of every form; all but the first translate the plural."""
    if not entry.msgid_plural:
        return [(entry.msgid, entry.msgstr)]
    return [
        (entry.msgid if index == 0 else entry.msgid_plural, said)
        for index, said in sorted(entry.msgstr_plural.items())
    ]


@pytest.mark.parametrize("code", OTHERS)
def test_the_catalogue_holds_what_gradus_says_and_nothing_else(code: str) -> None:
    """To mend it: python3 manage.py catalogue, then translate what is empty."""
    held = {Text(one.msgctxt or "", one.msgid, one.msgid_plural or "") for one in entries(code)}
    assert held == set(texts())


@pytest.mark.parametrize("code", OTHERS)
def test_everything_is_translated_and_nothing_guessed(code: str) -> None:
    found = entries(code)
    assert [one.msgid for one in found.untranslated_entries()] == []
    assert [one.msgid for one in found if one.fuzzy] == []
    assert [one.msgid for one in found if not all(said for _, said in forms(one))] == []


@pytest.mark.parametrize("code", OTHERS)
def test_placeholders_tags_and_outer_spaces_are_those_of_the_english(code: str) -> None:
    for one in entries(code):
        for english, said in forms(one):
            assert sorted(PLACEHOLDER.findall(said)) == sorted(PLACEHOLDER.findall(english)), english
            assert SPACE_AROUND.sub(r"\1|\2", said) == SPACE_AROUND.sub(r"\1|\2", english), english


@pytest.mark.parametrize("code", OTHERS)
def test_what_is_compiled_is_what_is_written(code: str) -> None:
    """A bare machine has no gettext, so the compiled catalogue is committed."""

    def said(file: polib.POFile | polib.MOFile) -> dict[tuple[str, str], list[str]]:
        return {(one.msgctxt or "", one.msgid): [said for _, said in forms(one)] for one in file}

    assert said(polib.mofile(str(catalogue(code, "mo")))) == said(entries(code))


@pytest.mark.parametrize("path", sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html")), ids=str)
def test_no_template_holds_words_that_are_not_marked(path: Path) -> None:
    if path.parent.name == "api":
        pytest.skip("the reference of the API is in English")
    text = re.sub(r"\{% blocktranslate.*?endblocktranslate %\}", "", path.read_text(), flags=re.DOTALL)
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", text, flags=re.DOTALL)
    text = re.sub(r"<(code|symbol)\b.*?</\1>|<!doctype[^>]*>", "", text, flags=re.DOTALL | re.IGNORECASE)
    attributes = re.findall(r'(?:aria-label|placeholder|title|data-label)="([^"]*)"', text)
    bare = [*re.split(r"<[^>]*>", text), *attributes]
    words = {word for part in bare for word in re.findall(r"[\w.]+", part) if BARE.search(word)}
    # The class of a body stands in a block of its own, and entities are signs.
    assert words - IS_A_NAME - {"labelling", "reviewing", "comparing", "amp", "times"} == set()


def test_dates_are_named_and_not_spelled_in_templates() -> None:
    for path in (Path(settings.BASE_DIR) / "templates").rglob("*.html"):
        assert re.findall(r'date:"(?![A-Z_]+")[^"]*"', path.read_text()) == [], path


def test_texts_are_found_in_templates_as_django_looks_them_up() -> None:
    found = list(
        in_template(
            '{% translate "90 % sure" %}{% translate \'Use\' context "button" %}{{ a|default:_("none") }}'
            "{% blocktranslate count n=rows with b=c trimmed %}\n {{ n }} row\n  of {{ b }}\n"
            "{% plural %}{{ n }} rows\n of {{ b }}{% endblocktranslate %}"
        )
    )
    assert found == [
        Text("", "90 %% sure"),
        Text("button", "Use"),
        Text("", "none"),
        Text("", "%(n)s row of %(b)s", "%(n)s rows of %(b)s"),
    ]


def test_texts_are_found_in_python_and_an_f_string_is_refused() -> None:
    source = 'gettext("One" " text")\nngettext("%(n)d step", "%(n)d steps", n)\ngettext(variable)\npgettext("c", "d")'
    assert list(in_python(source)) == [
        Text("", "One text"),
        Text("", "%(n)d step", "%(n)d steps"),
        Text("c", "d"),
    ]
    with pytest.raises(ValueError, match="line 1"):
        list(in_python('gettext(f"{n} steps")'))


def test_a_new_language_begins_empty_and_an_old_one_keeps_its_words(
    tmp_path: Path, settings: object, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.LOCALE_PATHS = [tmp_path]  # type: ignore[attr-defined]
    call_command("catalogue", "fr")
    path = tmp_path / "fr/LC_MESSAGES/django.po"
    begun = polib.pofile(str(path))
    assert len(begun.untranslated_entries()) == len(begun) == len(texts())
    begun.find("Save").msgstr = "Enregistrer"
    begun.append(polib.POEntry(msgid="Said no more", msgstr="Plus dit"))
    begun.save(str(path))
    call_command("catalogue", "fr")
    again = polib.pofile(str(path))
    assert again.find("Save").msgstr == "Enregistrer"
    assert again.find("Said no more") is None
    assert polib.mofile(str(path.with_suffix(".mo"))).find("Save").msgstr == "Enregistrer"
    assert "fr: " in capsys.readouterr().out
