import Glibc
import MemoWire
import Testing

@testable import MemoServer

struct PagePipeTests {
    private func socketPair() -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        #expect(
            socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0, &ends) == 0)
        return (ends[0], ends[1])
    }

    private func receiveAll(_ socket: Int32) -> [UInt8] {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while case let count = recv(socket, &buffer, buffer.count, 0), count > 0 { all += buffer[..<count] }
        return all
    }

    @Test func itSendsWhatThereIsRoomForAndForgetsTheRest() throws {
        let size = 1 << 20
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 1 << 16)
        defer { memory.deallocate() }
        for position in 0..<size {
            memory[position] = UInt8(truncatingIfNeeded: position / 4096 &* 31 &+ position)
        }
        let pages = Bytes(memory)
        let (sender, receiver) = socketPair()
        defer { close(receiver) }
        var pipe = PagePipe()
        var sent = 0
        var received: [UInt8] = []
        while sent < size {
            let count = pipe.send(Bytes(rebasing: pages[sent...]), to: sender)
            #expect(count > 0, "it was read to its end")
            if count < size - sent { #expect(pipe.send(Bytes(rebasing: pages[..<4096]), to: sender) == 0) }
            sent += count
            received += receiveAll(receiver)
        }
        #expect(received.elementsEqual(pages))
        close(sender)
    }

    @Test func aClosedSocketTakesNothingAndTheNextOneEverything() {
        signal(SIGPIPE, SIG_IGN)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 1 << 16)
        defer { memory.deallocate() }
        memory.initializeMemory(as: UInt8.self, repeating: 7)
        var pipe = PagePipe()
        let (gone, peer) = socketPair()
        close(peer)
        #expect(pipe.send(Bytes(memory), to: gone) == 0)
        close(gone)
        let (sender, receiver) = socketPair()
        #expect(pipe.send(Bytes(memory), to: sender) == 65536)
        #expect(receiveAll(receiver).elementsEqual(memory))
        close(sender)
        close(receiver)
    }
}
