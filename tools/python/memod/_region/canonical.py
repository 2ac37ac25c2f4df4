"""Keys in the one form in which the daemon publishes them. A key whose form here is another than the daemon's is not
found, and asked for; it is never taken for another."""

from __future__ import annotations

import json
import re
from typing import Any, List, Tuple

#: Taken at once, and not a character at a time: a look-up spends a good part of its time here.
_BETWEEN = r'[^"{.eEtf]*'
#: Text that is in canonical form as it stands: no members to sort, and no numbers but integers and fractions as Python
#: writes them, without an exponent.
_PLAIN = re.compile(
    _BETWEEN + r'(?:(?:"[^"\\]*(?:\\.[^"\\]*)*"|(?<=[0-9])\.[0-9]*[1-9](?![0-9eE])|true|false)' + _BETWEEN + ")*"
).fullmatch
_NUMBER = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?").fullmatch
_quote = json.encoder.encode_basestring
#: Integers of this many digits are written out.
_DIGITS_MAX = 20


class _Number(str):
    """A number as it was spelt."""


def canonical(text: str, typed: bool = False) -> str:
    """The form of a key's JSON text, which has no white space. Raises `ValueError` for what is not JSON."""
    if _PLAIN(text):
        return text
    tree = json.loads(text, parse_int=_Number, parse_float=_Number, object_pairs_hook=_Members)
    parts: List[str] = []
    _write(tree, typed, parts)
    return "".join(parts)


class _Members(List[Tuple[str, Any]]):
    """An object."""


def _write(tree: Any, typed: bool, parts: List[str]) -> None:
    kind = type(tree)
    if kind is _Number:
        parts.append(number(tree, typed))
    elif kind is str:
        parts.append(_quote(tree))
    elif kind is list:
        parts.append("[")
        for index, item in enumerate(tree):
            if index:
                parts.append(",")
            _write(item, typed, parts)
        parts.append("]")
    elif kind is _Members:
        parts.append("{")
        for index, (name, item) in enumerate(sorted(tree, key=lambda member: member[0])):
            if index:
                parts.append(",")
            parts.append(f"{_quote(name)}:")
            _write(item, typed, parts)
        parts.append("}")
    else:
        parts.append("null" if tree is None else "true" if tree else "false")


def number(text: str, typed: bool) -> str:
    """The form of a number: all that are equal have the same, but that `typed` tells integers from others."""
    match = _NUMBER(text)
    if match is None:
        return text
    sign, whole, fraction, power = match.groups()
    is_integer = fraction is None and power is None
    digits = (whole + (fraction or "")).lstrip("0")
    exponent = int(power or 0) - len(fraction or "")
    significant = digits.rstrip("0")
    exponent += len(digits) - len(significant)
    marked = typed and not is_integer and (not significant or exponent >= 0)
    end = ".0" if marked else ""
    if not significant:
        return "0" + end
    point = len(significant) + exponent
    if exponent >= 0 and point <= _DIGITS_MAX:
        return f"{sign}{significant}{'0' * exponent}{end}"
    if exponent < 0 < point:
        return f"{sign}{significant[:point]}.{significant[point:]}"
    if exponent < 0 and point > -6:
        return f"{sign}0.{'0' * -point}{significant}"
    if exponent and is_integer and typed:
        return f"{sign}{significant}{'0' * exponent}"
    return f"{sign}{significant}{end}e{exponent}" if exponent else f"{sign}{significant}{end}"
