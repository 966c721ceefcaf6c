"""A page's form as a browser would send it."""

from __future__ import annotations

from html.parser import HTMLParser


class _Reader(HTMLParser):
    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.form_id = form_id
        self.is_inside = False
        self.fields: dict[str, list[str]] = {}
        self.textarea: str | None = None
        self.select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        if tag == "form":
            self.is_inside = has.get("id") == self.form_id
        name = has.get("name")
        if not self.is_inside:
            return
        if tag == "input" and name:
            is_choice = has.get("type") in ("radio", "checkbox")
            if not is_choice or "checked" in has:
                self.fields.setdefault(name, []).append(has.get("value") or ("on" if is_choice else ""))
        elif tag == "textarea" and name:
            self.textarea = name
            self.fields.setdefault(name, []).append("")
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select:
            # Of a list in which nothing is chosen the first entry is.
            chosen = self.fields.setdefault(self.select, [has.get("value") or ""])
            if "selected" in has:
                chosen[:] = [has.get("value") or ""]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.is_inside = False
        elif tag == "textarea" and self.textarea:
            # The line feed right after the tag is not part of what stands in the field.
            self.fields[self.textarea][-1] = self.fields[self.textarea][-1].removeprefix("\n")
            self.textarea = None
        elif tag == "select":
            self.select = None

    def handle_data(self, data: str) -> None:
        if self.textarea:
            self.fields[self.textarea][-1] += data


def form_in(page: str, form_id: str) -> dict[str, list[str]]:
    """Every field of the form with this id, with what stands in it or is chosen."""
    reader = _Reader(form_id)
    reader.feed(page)
    assert reader.fields, f"no form {form_id} on the page"
    return reader.fields
