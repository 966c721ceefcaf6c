from __future__ import annotations

import hashlib
from pathlib import Path

from .errors import GradusError, Refused
from .pushes import Push
from .rows import Row

_BEHIND_ITS_END = 416


class Release(Row):
    """A numbered data set that no longer changes."""

    @property
    def number(self) -> int:
        found: int = self.data["number"]
        return found

    @property
    def files(self) -> dict[str, str]:
        """The SHA-256 of every file by its path in the release."""
        return {one["path"]: one["sha256"] for one in self.data["manifest"]["files"]}

    def download(self, folder: Path | str) -> Path:
        """Write the release's files below ``folder`` and hold each against its digest; those that are there are kept.

        A file that was broken off goes on where it ended. Raises GradusError for one that is not what it should be.
        """
        root = Path(folder).resolve()
        for name, digest in self.files.items():
            path = (root / name).resolve()
            if not path.is_relative_to(root):
                raise GradusError(f"the release names a file outside its folder: {name}")
            if path.exists() and _digest(path) == digest:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f"{path.name}.part")
            # Where it was broken off after the last byte there is nothing left to ask for.
            if not part.exists() or _digest(part) != digest:
                self._fetch(name, part)
            if _digest(part) != digest:
                part.unlink()
                raise GradusError(f"{name} did not arrive as it was sent; download it again")
            part.replace(path)
        return root

    def _fetch(self, name: str, part: Path) -> None:
        start = part.stat().st_size if part.exists() else 0
        with part.open("ab") as file:
            try:
                self._server.download(f"releases/{self.id}/files/{name}", file.write, start=start)
            except Refused as refused:
                if refused.status != _BEHIND_ITS_END:
                    raise
                # What is there is as long as the file and not the file.
                file.truncate(0)
                self._server.download(f"releases/{self.id}/files/{name}", file.write)

    def push(self, repository: str, *, is_private: bool = True, may_replace: bool = False) -> Push:
        """Have the server's worker push it to the Hugging Face Hub as ``OWNER/NAME``; ``wait()`` for what it answers.

        ``may_replace``: write over what is there and did not come from this project.
        """
        said = {"repository": repository, "is_private": is_private, "may_replace": may_replace}
        return Push(self._server, self._server.post(f"releases/{self.id}/pushes/", said))

    def pushes(self) -> list[Push]:
        """Newest first."""
        return [Push(self._server, one) for one in self._server.pages(f"releases/{self.id}/pushes/")]

    def __repr__(self) -> str:
        return f"<Release {self.number} {self.data['format']}: {self.data['state']}>"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
