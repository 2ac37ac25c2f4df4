"""Keys in the one form in which the daemon publishes them. A key whose form here is another than the daemon's is not
found, and asked for; it is never taken for another.

This client spells keys without white space, with the members of objects in order, and strings as they are in that form.
So numbers are all that may have to be written in another way."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Match

#: Taken at once, and not a character at a time: a look-up spends a good part of its time here.
_BETWEEN = r'[^".eEtf]*'
_STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"'
#: Whether text is in canonical form as it stands: no numbers but integers and fractions as Python writes them, without an
#: exponent.
is_canonical = re.compile(
    _BETWEEN + rf"(?:(?:{_STRING}|(?<=[0-9])\.[0-9]*[1-9](?![0-9eE])|true|false){_BETWEEN})*"
).fullmatch
_token = re.compile(rf"{_STRING}|-?[0-9][-+.0-9eE]*").sub
_NUMBER = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?").fullmatch
#: Integers of this many digits are written out.
_DIGITS_MAX = 20


def canonical(text: str, typed: bool = False) -> str:
    """The form of a key's JSON text as this client spells it."""
    if is_canonical(text):
        return text

    def form(token: Match[str]) -> str:
        return token[0] if token[0][0] == '"' else number(token[0], typed)

    return _token(form, text)


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
