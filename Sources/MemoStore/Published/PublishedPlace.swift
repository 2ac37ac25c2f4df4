/// Where clients find what is published of a function.
package struct PublishedPlace: BitwiseCopyable, Equatable {
    /// Which of the regions.
    var region: UInt8
    /// Which of the region's function words is its.
    package var place: UInt16
    /// Given out once only: another number is another function, or another form of its keys.
    package var number: UInt32
}
