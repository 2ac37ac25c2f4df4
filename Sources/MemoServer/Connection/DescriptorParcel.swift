internal import Glibc

/// Descriptors that a reply carries, and that are closed with it.
final class DescriptorParcel {
    let descriptors: [Int32]

    init(_ descriptors: [Int32]) { self.descriptors = descriptors }

    deinit {
        for descriptor in descriptors { close(descriptor) }
    }
}
