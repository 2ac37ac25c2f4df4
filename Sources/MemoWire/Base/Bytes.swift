/// Bytes that something else owns: a view into a connection's input or into a `RequestParser`'s arena.
package typealias Bytes = UnsafeRawBufferPointer
