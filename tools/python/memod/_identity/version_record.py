"""A small record of what the versions of a function were made of, to tell what the newest has changed."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any, Dict, List

from .code_store import cache_directory, read_file, write_file

_VERSIONS_MAX = 4
_PARTS_MAX = 10_000


def _place(name: str) -> str:
    mark = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
    return os.path.join(cache_directory(), "versions", f"{mark}.json")


def _read(name: str) -> List[Any]:
    kept = read_file(_place(name)).get(name)
    return kept if isinstance(kept, list) else []


def note(name: str, digest: str, parts: Dict[str, str]) -> None:
    """Adds a version, unless it is the newest already."""
    kept = _read(name)
    if (kept and kept[-1][0] == digest) or len(parts) > _PARTS_MAX:
        return
    kept = [each for each in kept if each[0] != digest][1 - _VERSIONS_MAX :]
    try:
        write_file(_place(name), json.dumps({name: [*kept, [digest, parts]]}).encode())
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
