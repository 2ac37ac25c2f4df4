"""The key of a call whose arguments have no hash."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

_MARK = object()


class ByContent(tuple):  # type: ignore[type-arg]
    """A text, which no argument is equal to."""

    #: Whether an argument may change under way.
    volatile = False
    #: The digest that the function's fingerprint had before the text was made; None if it has none, "" if that is not known.
    digest: Optional[str] = ""

    def __new__(cls, text: str) -> ByContent:
        return tuple.__new__(cls, (_MARK, text))
