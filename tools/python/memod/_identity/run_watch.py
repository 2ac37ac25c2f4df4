"""What is seen of a call while it runs, and of its result, that tells that another process would get another."""

from __future__ import annotations

import re
import sys
from typing import Any, Collection, Iterable

from . import hash_watch, patches
from .set_data import holds_sets

#: The `repr` of an object that says nothing but where it lies.
_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]{6,}>")


def begin() -> int:
    """A mark of what was seen before."""
    return hash_watch.foreign


def problem(begun: int) -> str:
    """Why a result of a call that began then is for this process alone, or ""."""
    if hash_watch.foreign != begun:
        return "it hashes what is no number, which has another hash in each process"
    return patches.active()


def problem_of_text(text: str, classes: Collection[str]) -> str:
    """Why a result is for this process alone, or "". `text` is its JSON, `classes` are names of the program's."""
    if " at 0x" in text and _ADDRESS.search(text):
        return "its result has the address of an object in it"
    if "__main__." in text or any(name in text for name in classes):
        return "its result names a class with its module, which has another name in a script"
    return ""


def problem_of_order(values: Iterable[Any]) -> str:
    """Why a call is for this process alone of a function that iterates over something, or ""."""
    if any(map(holds_sets, values)) and sys.flags.hash_randomization:
        return "an argument is a set, or holds one, whose order is another in each process; a sorted tuple is not"
    return ""
