"""A small record of what the versions of a function were made of, to tell what the newest has changed."""

from __future__ import annotations

import json
import os

from .._client.digests import blake2b
from .code_store import cache_directory, read_bytes, write_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List

_VERSIONS_MAX = 4
_PARTS_MAX = 10_000


def _place(name: str) -> str:
    mark = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
    return os.path.join(cache_directory(), "versions", f"{mark}.json")


def _read(name: str) -> List[Any]:
    _, _, text = read_bytes(_place(name)).partition(b"\n")
    try:
        kept = json.loads(text or b"{}").get(name)
    except (ValueError, RecursionError, AttributeError):
        return []
    return kept if isinstance(kept, list) else []


def note(name: str, digest: str, all_parts: Callable[[], Dict[str, str]]) -> None:
    """Adds a version, unless it is the newest already, which the first line of its file says."""
    if read_bytes(_place(name), len(digest)) == digest.encode():
        return
    kept, parts = _read(name), all_parts()
    if len(parts) > _PARTS_MAX:
        return
    kept = [each for each in kept if each[0] != digest][1 - _VERSIONS_MAX :]
    try:
        text = json.dumps({name: [*kept, [digest, parts]]})
        write_file(_place(name), f"{digest}\n{text}".encode())
    except (OSError, ValueError):
        pass  # then it cannot be told


def changes(name: str, digest: str, parts: Dict[str, str]) -> List[str]:
    """What is other than in the version before, in words."""
    before = [each for each in _read(name) if each[0] != digest]
    if not before:
        return []
    old: Dict[str, str] = before[-1][1]
    found = [f"{part} has changed" for part in parts if part in old and old[part] != parts[part]]
    found += [f"{part} is new" for part in parts if part not in old]
    found += [f"{part} is no longer reached" for part in old if part not in parts]
    return found
