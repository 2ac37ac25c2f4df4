"""Arrow's tables and arrays in the codec, as streams of its own format. Loaded only where pyarrow is in use."""

from __future__ import annotations

import pyarrow
import pyarrow.ipc

from .codec import Packer, Undecodable, Unstorable, unpack_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict


def pack(packer: Packer, value: Any) -> Dict[str, Any]:
    """A table, record batch, array or chunked array. Raises `Unstorable` for what does not come back equal."""
    kind = type(value).__name__
    if isinstance(value, (pyarrow.Array, pyarrow.ChunkedArray)):
        kind = "chunks" if isinstance(value, pyarrow.ChunkedArray) else "array"
        table = pyarrow.table({"": value})
    elif type(value) is pyarrow.RecordBatch:
        table = pyarrow.Table.from_batches([value])
    elif type(value) is pyarrow.Table:
        table = value
    else:
        raise Unstorable(f"a pyarrow {kind} cannot be stored")
    for field in table.schema:
        _check(field.type)
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    tree = packer.blob("arrow", sink.getvalue(), t=kind)
    if packer.comes_back:
        copy = unpack(tree)
        if type(copy) is not type(value) or not _equal(copy, value):
            raise Unstorable(f"a pyarrow {kind} that does not come back as it was")
    return tree


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, (pyarrow.Table, pyarrow.RecordBatch)):
        return _same_table(one, other)
    return bool(one.type == other.type) and _same_table(
        pyarrow.table({"": one}), pyarrow.table({"": other})
    )


def _same_table(one: Any, other: Any) -> bool:
    if one.equals(other, check_metadata=True):
        return True
    # Two NaN are not equal for Arrow: its own format tells whether they are the same.
    return one.schema.equals(other.schema, check_metadata=True) and _stream(one) == _stream(other)


def _stream(table: Any) -> bytes:
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, table.schema) as writer:
        writer.write(table)
    return bytes(sink.getvalue())


def _check(kind: Any) -> None:
    """Types that others may register are not stored: what reads them runs their code."""
    if isinstance(kind, pyarrow.BaseExtensionType):
        raise Unstorable(f"an Arrow extension type, {kind}, cannot be stored")
    for place in range(kind.num_fields):
        _check(kind.field(place).type)


def unpack(tree: Dict[str, Any]) -> Any:
    """The table or array of a tree."""
    table = pyarrow.ipc.open_stream(unpack_bytes(tree)).read_all()
    for field in table.schema:
        _check(field.type)
    what = tree["t"]
    if what == "Table":
        return table
    if what == "RecordBatch":
        batches = table.combine_chunks().to_batches()
        return batches[0] if batches else pyarrow.RecordBatch.from_pylist([], schema=table.schema)
    if what == "chunks":
        return table.column(0)
    if what != "array":
        raise Undecodable(f"an Arrow object of a kind not known here: {what!r}")
    whole = table.column(0).combine_chunks()
    return whole if isinstance(whole, pyarrow.Array) else pyarrow.array([], type=whole.type)
