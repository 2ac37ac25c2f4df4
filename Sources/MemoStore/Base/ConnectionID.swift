/// A connection of some client, as whoever serves it numbers it; never used twice.
package typealias ConnectionID = UInt64
