"""polars in the codec: frames and series as Arrow files. Loaded only where polars is in use."""

from __future__ import annotations

import io

import polars

from .codec import Packer, Undecodable, Unstorable, unpack as unpack_value, unpack_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict


def pack(packer: Packer, value: Any) -> Dict[str, Any]:
    """A frame or series. Raises `Unstorable` for what does not come back equal."""
    kind = type(value)
    if kind is polars.DataFrame:
        frame, tree = value, {}
    elif kind is polars.Series:
        frame, tree = value.alias("").to_frame(), {"n": packer.pack(value.name)}
    else:
        raise Unstorable(f"a polars {kind.__qualname__} cannot be stored")
    if any("Object" in str(dtype) for dtype in frame.dtypes):
        raise Unstorable("a polars frame with Python objects cannot be stored")
    sink = io.BytesIO()
    frame.write_ipc(sink)
    flags = _flags(frame)
    if flags:
        tree["f"] = flags
    if packer.seen is not None:
        numbers = [each.to_physical().to_list() for each in frame.iter_columns() if each.dtype == polars.Categorical]
        if numbers:
            tree["p"] = packer.pack(numbers)  # which the process has given to its texts
    tree = packer.blob("polars", sink.getbuffer(), t=kind.__name__, h=frame.height, **tree)
    if packer.comes_back and not _same(value, unpack(tree)):
        raise Unstorable(f"a polars {kind.__qualname__} that does not come back as it was")
    return tree


def unpack(tree: Dict[str, Any]) -> Any:
    """The frame or series of a tree."""
    frame = polars.read_ipc(io.BytesIO(unpack_bytes(tree)), use_pyarrow=False)
    if "f" in tree:
        if type(tree["f"]) is not str or len(tree["f"]) != frame.width:
            raise Undecodable("flags of other columns")
        sorted_columns = [
            each if flag == "-" else each.set_sorted(descending=flag == "d")
            for each, flag in zip(frame.iter_columns(), tree["f"])
        ]
        frame = frame.with_columns(sorted_columns)
    if tree["t"] == "DataFrame":
        return frame
    if tree["t"] != "Series":
        raise Undecodable(f"a polars object of a kind not known here: {tree['t']!r}")
    return frame.to_series(0).alias(unpack_value(tree["n"]))


def _flags(frame: Any) -> str:
    """By column, what is known of its order, or "" where that is nothing: polars computes as if it were so."""
    flags = [each.flags for each in frame.iter_columns()]
    found = "".join("a" if each.get("SORTED_ASC") else "d" if each.get("SORTED_DESC") else "-" for each in flags)
    return found if found.strip("-") else ""


def _same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, polars.Series):
        return bool(one.name == other.name and one.dtype == other.dtype and one.equals(other))
    return bool(one.schema == other.schema and one.shape == other.shape and one.equals(other))
