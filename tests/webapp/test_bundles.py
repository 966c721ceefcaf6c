from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client

from webapp.bundles import BUNDLES, STYLES, BundleError, BundleFinder, bundle, uncommented


def write(folder: Path, **modules: str) -> Path:
    for name, text in modules.items():
        (folder / f"{name}.js").write_text(text)
    return folder / "page.js"


def test_modules_stand_in_the_order_they_need_each_other(tmp_path: Path) -> None:
    entry = write(
        tmp_path,
        page='import { a } from "./one.js";\nimport { b, c } from "./two.js";\na(b, c);\n',
        one='import { b } from "./two.js";\n\nexport function a() {\n  return b;\n}\n',
        two="export const b = 1;\nexport class C {}\nexport async function c() {}\n",
    )
    text = bundle(entry)
    assert "import" not in text
    assert "export" not in text
    assert text.count("const b = 1;") == 1
    assert text.index("const b") < text.index("function a") < text.index("a(b, c);")


def test_lines_of_comments_stay_behind_and_nothing_else() -> None:
    text = "/* One\n   two. */\n\nconst a = 1; // why\n  // alone\n/* x */ b();\n  /* y */\nconst c = `\n/ * no`;\n"
    assert uncommented(text) == "\nconst a = 1; // why\n/* x */ b();\nconst c = `\n/ * no`;\n"


def test_no_text_of_a_script_has_lines_that_look_like_comments() -> None:
    for path in (Path(settings.STATICFILES_DIRS[0]) / "js").glob("*.js"):
        for literal in re.findall(r"`[^`]*`", path.read_text()):
            assert uncommented(literal) == literal, path.name


def test_two_modules_may_not_define_one_name(tmp_path: Path) -> None:
    entry = write(
        tmp_path,
        page='import { a } from "./one.js";\nconst mine = a;\n',
        one="const mine = 1;\nexport const a = mine;\n",
    )
    with pytest.raises(BundleError, match=r"mine is defined by both one\.js and page\.js"):
        bundle(entry)


def test_a_bundle_is_made_anew_when_a_source_changes(tmp_path: Path, settings: Any) -> None:
    settings.STATICFILES_DIRS = [tmp_path / "static"]
    settings.BUNDLES_DIR = tmp_path / "bundles"
    (tmp_path / "static/js").mkdir(parents=True)
    source = tmp_path / "static/js/labelling.js"
    source.write_text("one();\n")
    (tmp_path / "static/js/review.js").write_text("other();\n")
    (tmp_path / "static/css").mkdir()
    for name in STYLES["css/labelling.bundle.css"]:
        (tmp_path / f"static/css/{name}.css").write_text(f".{name} {{}}\n")
    finder = BundleFinder()
    path = "js/labelling.bundle.js"
    made = Path(str(finder.find(path)))
    assert made.read_text() == "one();\n"
    source.write_text("two();\n")
    assert [name for name, _ in finder.list(None)] == [
        path,
        "js/review.bundle.js",
        "css/labelling.bundle.css",
    ]
    assert made.read_text() == "two();\n"
    assert Path(str(finder.find("css/labelling.bundle.css"))).read_text().split() == [
        word for name in STYLES["css/labelling.bundle.css"] for word in (f".{name}", "{}")
    ]
    assert finder.find("js/other.js") == []


@pytest.mark.parametrize("path", BUNDLES)
def test_every_bundle_can_be_made_and_is_found(path: str) -> None:
    found = finders.find(path)
    assert found
    text = Path(str(found)).read_text()
    assert len(text) > 1000
    assert "\nimport " not in text
    assert "\nexport " not in text


@pytest.mark.django_db
def test_text_travels_compressed_and_fonts_as_they_are(client: Client) -> None:
    headers = {"Accept-Encoding": "gzip"}
    page = client.get("/sign-in/", headers=headers)
    assert page["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in client.get("/sign-in/")
    font = "vendor/source-serif-4/source-serif-4-latin-wght-normal.woff2"
    for name, encoding in (
        ("js/labelling.bundle.js", "gzip"),
        ("css/labelling.bundle.css", "gzip"),
        (font, None),
    ):
        file = client.get(f"/static/{name}", headers=headers)
        assert (file.status_code, file.get("Content-Encoding")) == (200, encoding)
        b"".join(file.streaming_content)
        file.close()
