"""The files of a data set that lies in a folder, as ``datasets`` and the Hub lay them out.

A release of Gradus is known by what it says of itself beside its data. Of its tables the one that comes in again is
read, which holds whatever the others do.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from annotate.errors import Rejected

ALL = "all"
_ENDINGS = (".parquet", ".arrow", ".jsonl", ".json", ".ndjson", ".csv", ".tsv", ".txt", ".eval")
_PACKED = (".gz",)
_ABOUT = frozenset({"dataset_info.json", "dataset_infos.json", "state.json", "dataset_dict.json"})
_PARTS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing", "eval", "evaluation"),
}
_SPELLED = {word: part for part, words in _PARTS.items() for word in words}
_SHARD = re.compile(r"^(?P<part>.+?)-\d{5}-of-\d{5}$")
_WORDS = re.compile(r"[^A-Za-z]+")
MOST_FILES = 10_000
# At the root of a release, and the folders of its tables; the first is the one that is read.
_OF_RELEASE = frozenset({"manifest.json", "croissant.json"})
_TABLES = ("data", "traces", "raters", "votes", "details")


def is_data(name: str) -> bool:
    """Whether a file of this name holds rows."""
    path = Path(name)
    bare = path.name[: -len(path.suffix)] if path.suffix in _PACKED else path.name
    return (
        not any(part.startswith((".", "_")) for part in path.parts)
        and path.name not in _ABOUT
        and bare.lower().endswith(_ENDINGS)
    )


def part_of(name: str) -> str:
    """The part that a file belongs to by its name, or by its folder's; empty where they do not say."""
    path = Path(name)
    bare = path.name.partition(".")[0]
    shard = _SHARD.match(bare)
    # ``save_to_disk`` names every shard so, and its folder by the part.
    if shard is not None and shard["part"] != "data":
        return _SPELLED.get(shard["part"], shard["part"])
    for piece in (bare, *reversed(path.parent.parts)):
        for word in _WORDS.split(piece):
            if word.lower() in _SPELLED:
                return _SPELLED[word.lower()]
    return ""


def files_of(folder: Path, part: str = "") -> list[Path]:
    """The files of one part in order, or with ``all`` of every part.

    Raises Rejected where there is none, or there are several parts and nobody has said which.
    """
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    return [folder / name for name in chosen(_saved(folder) or names, part)]


def chosen(names: list[str], part: str = "") -> list[str]:
    """The same of names, relative to the data set."""
    root = _root_of_release(names)
    table = names if root is None else [name for name in names if name.startswith(f"{root}{_TABLES[0]}/")]
    data = [name for name in table if is_data(name)]
    if not data:
        raise Rejected(f"holds no data: files that end in {', '.join(_ENDINGS)}", field="file")
    if len(data) > MOST_FILES:
        raise Rejected(f"holds {len(data):,} files; {MOST_FILES:,} are allowed", field="file")
    if part == ALL:
        return data
    parts = {name: part_of(name) if root is None else _part_of_release(name[len(root) :]) for name in data}
    there = sorted(set(parts.values()))
    if not part and len(there) > 1:
        shown = ", ".join(one or "files of no part" for one in there)
        raise Rejected(f"holds several parts: {shown}. Say which, or {ALL}", field="part")
    found = [name for name in data if not part or parts[name] == part]
    if not found:
        raise Rejected(
            f"has no part {part!r}; it has {', '.join(filter(None, there)) or 'none'}", field="part"
        )
    return found


def _root_of_release(names: list[str]) -> str | None:
    """Where among the names a release lies, ``""`` for all of them; None where there is none.

    Raises Rejected where something else lies beside it, which would be left out in silence.
    """
    there = set(names)
    roots = [
        root
        for root in (
            name.removesuffix("manifest.json") for name in names if Path(name).name == "manifest.json"
        )
        if all(f"{root}{one}" in there for one in _OF_RELEASE)
        and any(name.startswith(f"{root}{_TABLES[0]}/") for name in names)
    ]
    if len(roots) > 1:
        shown = ", ".join(root.rstrip("/") or "." for root in sorted(roots))
        raise Rejected(f"holds several releases: {shown}. Bring in one at a time", field="file")
    if not roots:
        return None
    own = (*(f"{roots[0]}{table}/" for table in _TABLES), *(f"{roots[0]}{one}" for one in _OF_RELEASE))
    other = next((name for name in names if is_data(name) and not name.startswith(own)), None)
    if other is not None:
        raise Rejected(f"holds a release and {other} beside it. Bring in one of the two", field="file")
    return roots[0]


def _part_of_release(name: str) -> str:
    """Tables of what is for training have no part in their names."""
    return part_of(name) or "train"


def _saved(folder: Path) -> list[str]:
    """The shards that ``save_to_disk`` names, which may stand beside others that are left over."""
    state = folder / "state.json"
    if not state.is_file():
        return []
    try:
        named = [str(entry["filename"]) for entry in json.loads(state.read_text())["_data_files"]]
    except (OSError, ValueError, KeyError, TypeError):
        raise Rejected("state.json does not name the files of the data set", field="file") from None
    if any(Path(name).name != name for name in named):
        raise Rejected("state.json names files outside its folder", field="file")
    return named
