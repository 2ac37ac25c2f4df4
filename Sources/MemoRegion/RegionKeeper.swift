internal import CLinux
internal import Glibc
internal import Synchronization

/// The control page, and the thread by which it tells of the daemon's death.
///
/// The thread registers a word of the page as a robust futex that it owns. When it dies, whatever of, the kernel marks
/// the word, and it does so before it lets go of the files of the process: no other daemon can have the lock of the
/// database, and acknowledge anything, before readers see the mark.
package final class RegionKeeper: @unchecked Sendable {  // What changes is the thread's.
    package let instance: (UInt64, UInt64)
    private let memory: SharedMemory
    private let thread: OwnerThread

    /// - Throws: if the system has no memory that can be shared, or its kernel marks nothing.
    package init() throws(RegionError) {
        try Self.test()
        var random = SystemRandomNumberGenerator()
        instance = (random.next(), random.next())
        memory = try SharedMemory(name: "memod-control", size: RegionLayout.pageBytes, .sealed)
        let page = memory.base
        page.storeBytes(of: RegionLayout.version, toByteOffset: RegionLayout.versionOffset, as: UInt32.self)
        page.storeBytes(of: instance.0, toByteOffset: RegionLayout.instanceOffset, as: UInt64.self)
        page.storeBytes(of: instance.1, toByteOffset: RegionLayout.instanceOffset + 8, as: UInt64.self)
        thread = try OwnerThread(word: page + RegionLayout.aliveOffset)
        page.release64(RegionLayout.magicOffset, RegionLayout.magic)
    }

    /// To be handed over.
    package var descriptor: Int32 { memory.readable }

    /// The instance in hexadecimal digits.
    package var instanceText: String {
        [instance.0.bigEndian, instance.1.bigEndian].map { word in
            withUnsafeBytes(of: word.bigEndian) { bytes in
                bytes.reduce(into: "") { $0 += ($1 < 16 ? "0" : "") + String($1, radix: 16) }
            }
        }.joined()
    }

    /// As the daemon's death: readers take nothing any more.
    package func close() { thread.end() }

    /// Has a thread end with a word, and looks whether it is marked: some sandboxes take the call and do nothing.
    private static func test() throws(RegionError) {
        let word = UnsafeMutableRawPointer.allocate(byteCount: 8, alignment: 8)
        word.storeBytes(of: 0, as: UInt64.self)
        let thread = try OwnerThread(word: word)
        thread.end()
        let mark = UnsafeRawPointer(word).relaxed32(0)
        word.deallocate()
        guard mark & memod_owner_died != 0 else {
            throw RegionError(
                "the kernel marks no robust lists, so that readers would not see the daemon die")
        }
    }
}

/// A thread that owns a word until it ends.
/// `@unchecked Sendable` because the thread writes nothing but the word and its list.
private final class OwnerThread: @unchecked Sendable {
    /// The list's head and its one node. In shared memory: under want of it the kernel takes private pages away before
    /// a process has ended.
    private struct List {
        var head = memod_robust_list_head()
        var node = memod_robust_list()
    }

    private let list: UnsafeMutablePointer<List>
    private let word: UnsafeMutableRawPointer
    /// Written once to end it.
    private let wake: Int32
    private let started = Atomic<Int32>(0)
    private var handle = pthread_t()
    private let isEnded = Atomic(false)

    init(word: UnsafeMutableRawPointer) throws(RegionError) {
        self.word = word
        let page = mmap(
            nil, RegionLayout.pageBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)
        guard let page, page != MAP_FAILED else { throw RegionError(errno: errno, doing: "give out memory") }
        list = page.bindMemory(to: List.self, capacity: 1)
        list.initialize(to: List())
        wake = eventfd(0, Int32(EFD_CLOEXEC))
        guard wake >= 0 else { throw RegionError(errno: errno, doing: "make a descriptor") }
        let result = pthread_create(
            &handle, nil,
            { argument in
                Unmanaged<OwnerThread>.fromOpaque(argument!).takeUnretainedValue().run()
                return nil
            }, Unmanaged.passUnretained(self).toOpaque())
        guard result == 0 else {
            isEnded.store(true, ordering: .relaxed)
            throw RegionError(errno: result, doing: "start a thread")
        }
        while started.load(ordering: .acquiring) == 0 { sched_yield() }
        guard started.load(ordering: .acquiring) > 0 else {
            end()
            throw RegionError("the system refuses robust lists")
        }
    }

    private func run() {
        setName()
        let node = UnsafeMutableRawPointer(list) + MemoryLayout<List>.offset(of: \.node)!
        let nodePointer = node.assumingMemoryBound(to: memod_robust_list.self)
        let headPointer = UnsafeMutableRawPointer(list).assumingMemoryBound(to: memod_robust_list.self)
        list.pointee.head.list.next = nodePointer
        list.pointee.node.next = headPointer
        list.pointee.head.futex_offset = word - node
        let isRegistered =
            memod_set_robust_list(
                UnsafeMutableRawPointer(list).assumingMemoryBound(to: memod_robust_list_head.self)) == 0
        if isRegistered { word.release32(0, UInt32(bitPattern: memod_gettid())) }
        started.store(isRegistered ? 1 : -1, ordering: .releasing)
        guard isRegistered else { return }
        var count: UInt64 = 0
        while read(wake, &count, 8) < 0, errno == EINTR {}
    }

    private func setName() {
        let descriptor = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = write(descriptor, "memod-keeper", 12)
        Glibc.close(descriptor)
    }

    /// Ends the thread, which marks the word.
    func end() {
        guard !isEnded.exchange(true, ordering: .acquiringAndReleasing) else { return }
        var one: UInt64 = 1
        _ = write(wake, &one, 8)
        pthread_join(handle, nil)
    }

    deinit {
        end()
        Glibc.close(wake)
        munmap(list, RegionLayout.pageBytes)
    }
}
