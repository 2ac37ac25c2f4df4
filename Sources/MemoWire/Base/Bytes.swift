/// Bytes that somebody else owns: a view into a connection's input or into a `RequestBatch`'s arena.
public typealias Bytes = UnsafeRawBufferPointer
