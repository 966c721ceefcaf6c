"""An annotator as a web server sees one: cookies, a connection that stays open, pages and forms."""

from __future__ import annotations

import http.client
import json
import re
import time
from dataclasses import dataclass, field
from time import perf_counter
from urllib.parse import urlencode

TOKEN = re.compile(r'name="token" value="(\d+)"')
CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
QUESTION = re.compile(r'name="answer-(\d+)-(\d+)"')
# Servers close a connection on which nothing was said for half a minute; a browser opens another one.
KEPT = 25.0


@dataclass
class Reader:
    """Reads and labels over HTTP; ``times`` holds milliseconds per kind of request, ``errors`` what went wrong."""

    host: str
    session: str
    times: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    submitted: list[str] = field(default_factory=list)
    csrf: str = ""
    csrf_cookie: str = ""
    place: str = ""
    token: str = ""
    questions: tuple[tuple[str, str], ...] = ()
    # Whether there was nothing left to read before the time was up.
    is_idle: bool = False
    spoke_at: float = 0

    def __post_init__(self) -> None:
        self.wire = http.client.HTTPConnection(self.host, timeout=60)

    def wait(self, seconds: float) -> None:
        """Read and think."""
        time.sleep(seconds)

    def ask(
        self, kind: str, method: str, path: str, body: str | None = None, **headers: str
    ) -> tuple[int, str, str]:
        """(status, location, text) of one exchange."""
        cookie = f"sessionid={self.session}" + (f"; csrftoken={self.csrf_cookie}" if self.csrf else "")
        sent = {"Cookie": cookie, "Referer": f"http://{self.host}/", **headers}
        if body is not None:
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        began = perf_counter()
        if began - self.spoke_at > KEPT:
            self.wire.close()
        try:
            self.wire.request(method, path, body, sent)
            answer = self.wire.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            self.errors.append(f"{kind}: {error!r}")
            self.wire.close()
            return 0, "", ""
        self.spoke_at = perf_counter()
        self.times.setdefault(kind, []).append(1000 * (self.spoke_at - began))
        if answer.status >= 400:
            self.errors.append(f"{kind}: {answer.status} {text[:200]}")
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie" and value.startswith("csrftoken="):
                self.csrf_cookie = value.split(";")[0].removeprefix("csrftoken=")
        return answer.status, answer.getheader("Location") or "", text

    def start(self, slug: str) -> bool:
        """Take a trace as the queue's page does; whether there was one."""
        _, _, page = self.ask("queue", "GET", f"/projects/{slug}/queue/")
        if found := CSRF.search(page):
            self.csrf = found[1]
        _, self.place, _ = self.ask(
            "claim", "POST", f"/projects/{slug}/queue/", urlencode({"csrfmiddlewaretoken": self.csrf})
        )
        return self.place.startswith("/assignments/")

    def read(self) -> bool:
        """Load the page of the trace at hand."""
        status, _, page = self.ask("next", "GET", self.place)
        token = TOKEN.search(page)
        if status != 200 or token is None:
            return False
        self.token = token[1]
        self.questions = tuple(dict.fromkeys(QUESTION.findall(page)))
        return True

    def submit(self) -> bool:
        """Send the whole sheet, every step good, and be led to the next trace."""
        form = {f"answer-{criterion}-{position}": "good" for criterion, position in self.questions}
        form |= {"csrfmiddlewaretoken": self.csrf, "token": self.token, "submit": "1"}
        status, location, _ = self.ask("submit", "POST", self.place, urlencode(form))
        if status != 302:
            return False
        self.submitted.append(self.place)
        self.place = location
        return location.startswith("/assignments/")

    def press(self, index: int, value: str = "good") -> bool:
        """One keystroke as the page's script sends it."""
        criterion, position = self.questions[index]
        said = {"criterion": int(criterion), "position": int(position), "value": value, "seconds": 1.5}
        status, _, _ = self.ask(
            "key",
            "POST",
            f"{self.place}answers/",
            json.dumps({"token": int(self.token), "answers": [said]}),
            **{"Content-Type": "application/json", "Accept": "application/json", "X-CSRFToken": self.csrf},
        )
        return status == 200
