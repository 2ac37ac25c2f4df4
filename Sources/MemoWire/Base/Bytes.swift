/// Bytes that something else owns: a view into a connection's input or into a `RequestParser`'s arena.
public typealias Bytes = UnsafeRawBufferPointer
