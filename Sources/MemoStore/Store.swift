internal import Synchronization

/// The cache: its state under one lock, and the threads that keep the database in step with it.
///
/// - The writer's thread alone commits and checkpoints.
/// - Readers' threads read rows that are not in memory.
/// - The caretaker's thread sweeps, flushes counters, warms the hot tier up after a start.
///
/// No thread holds the lock while it reads or writes the disk.
package final class Store: Sendable {
    private let core: Mutex<StoreCore>
    package let configuration: StoreConfiguration
    let clock: StoreClock
    private let database: ColdDatabase
    private let readers: ColdReaders
    private let writerSignal = Signal()
    private let caretakerSignal = Signal()
    private let isClosing = Atomic(false)
    private let events = Mutex<StoreEvents?>(nil)
    private let threads = Mutex<[WorkerThread]>([])
    /// Counts what the writer and the caretaker did, for a watchdog.
    private let progress = Atomic<UInt64>(0)

    /// Opens the database, loads what memory has to know of it, and starts nothing yet.
    /// - Parameter log: told of what was found amiss and mended.
    /// - Throws: `ColdError` where the database cannot be used; it is as it was then.
    package init(_ configuration: StoreConfiguration, log: (_ isSerious: Bool, String) -> Void) throws(ColdError) {
        self.configuration = configuration
        fatalError()
    }
}
