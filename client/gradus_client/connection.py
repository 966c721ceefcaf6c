"""One server and one person's token; everything else is asked through it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import requests

from .errors import Denied, Refused, Unreachable
from .project import Project

# It has not looked at what was asked.
_NOT_YET = (429,)
# Whoever answers stands before the server, or it broke off: what was asked may have been done.
_AWAY = (502, 503, 504)
_PAGE = 500
TIMEOUT = 60.0


class Gradus:
    """A server at ``url``. ``patience``: seconds for which one that is away or busy is asked again."""

    def __init__(self, url: str, token: str, *, patience: float = 60.0, timeout: float = TIMEOUT) -> None:
        self.url = url.rstrip("/")
        self._patience = patience
        self._timeout = timeout
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Token {token}"

    @classmethod
    def sign_in(cls, url: str, username: str, password: str, *, code: str = "", **more: Any) -> Gradus:
        """Exchange a name and a password for a token, which is valid for some hours.

        ``code``: of the authenticator app, for whoever has a second factor.
        """
        answer = requests.post(
            f"{url.rstrip('/')}/api/sign-in/",
            json={"username": username, "password": password, "code": code},
            timeout=TIMEOUT,
        )
        if not answer.ok:
            raise Refused(answer.status_code, _body(answer))
        return cls(url, answer.json()["token"], **more)

    def projects(self) -> list[Project]:
        return [Project(self, one["slug"], one) for one in self.pages("projects/")]

    def project(self, slug: str) -> Project:
        """Raises Denied where there is none, or the person is no member."""
        return Project(self, slug, self.get(f"projects/{slug}/"))

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        return self._asked("GET", path, params=params).json()

    def post(self, path: str, body: Any = None, *, is_safe_twice: bool = False, **more: Any) -> Any:
        """``is_safe_twice``: whether asking again cannot do something a second time.

        Anything else is asked once more only where the server says that it has not looked at it. Raises Unreachable
        where there was no answer of its own: whether it was done is not known then.
        """
        answer = self._asked("POST", path, is_safe_twice=is_safe_twice, **({"json": body} | more))
        return answer.json() if answer.content else None

    def pages(self, path: str, params: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """Every row of a list, page by page."""
        address: str | None = path
        asked: Mapping[str, Any] | None = {"page_size": _PAGE, **(params or {})}
        while address:
            page = self.get(address, asked)
            yield from page["results"]
            address, asked = page["next"], None

    def download(self, path: str, write: Callable[[bytes], object], *, start: int = 0) -> None:
        """Hand the bytes of a file to ``write``, piece by piece."""
        answer = self._asked("GET", path, stream=True, headers={"Range": f"bytes={start}-"} if start else {})
        if start and answer.status_code != 206:
            # A server without ranges begins anew; what is there already is passed over.
            skip = start
            for piece in answer.iter_content(1 << 20):
                write(piece[skip:])
                skip = max(0, skip - len(piece))
            return
        for piece in answer.iter_content(1 << 20):
            write(piece)

    def _asked(self, method: str, path: str, *, is_safe_twice: bool = True, **more: Any) -> requests.Response:
        address = path if path.startswith("http") else f"{self.url}/api/{path}"
        begun, wait = time.monotonic(), 0.5
        while True:
            trouble: str
            is_open = not is_safe_twice
            try:
                answer = self._session.request(method, address, timeout=self._timeout, **more)
            except (requests.ConnectionError, requests.Timeout) as error:
                trouble = str(error)
            else:
                if answer.status_code not in _NOT_YET + _AWAY:
                    return _checked(answer)
                trouble = f"the server answers {answer.status_code}"
                is_open = is_open and answer.status_code in _AWAY
            if is_open:
                raise Unreachable(f"{trouble}; look whether it was done before you ask again")
            if time.monotonic() - begun + wait > self._patience:
                raise Unreachable(trouble)
            time.sleep(wait)
            wait = min(2 * wait, 15.0)


def _checked(answer: requests.Response) -> requests.Response:
    if answer.status_code in (401, 403, 404):
        raise Denied(str(_body(answer).get("detail") or answer.reason))
    if not answer.ok:
        raise Refused(answer.status_code, _body(answer))
    return answer


def _body(answer: requests.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {"detail": answer.text[:500]}
    return found if isinstance(found, dict) else {"detail": str(found)}
