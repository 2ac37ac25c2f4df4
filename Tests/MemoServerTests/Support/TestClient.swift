import Foundation
import Platform

@testable import MemoServer

/// The peer's end of a connection: blocking, with a time limit on every call so that no test hangs.
final class TestClient {
    private(set) var descriptor: Int32
    private var received: [UInt8] = []
    /// Received bytes known to have no LF.
    private var searched = 0

    init(descriptor: Int32, timeoutSeconds: Int = 10) {
        self.descriptor = descriptor
        var time = timeval(tv_sec: timeoutSeconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close() }

    /// Connects to a socket's path.
    convenience init?(path: String) {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard let address = try? UnixSocketAddress(path: path),
            address.withSockaddr({ connect(descriptor, $0, $1) }) == 0
        else {
            Glibc.close(descriptor)
            return nil
        }
        self.init(descriptor: descriptor)
    }

    func close() {
        guard descriptor >= 0 else { return }
        Glibc.close(descriptor)
        descriptor = -1
    }

    func endOutput() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Sends all of it.
    /// - Returns: false if the connection does not take it.
    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return false }
            sent += count
        }
        return true
    }

    /// Sends a descriptor along.
    func send(_ text: String, withDescriptor passed: Int32) -> Bool {
        // A header of the size, the level and the type, and the descriptor, as CMSG_LEN has it.
        var control = [UInt8](repeating: 0, count: 24)
        control.withUnsafeMutableBytes { bytes in
            bytes.storeBytes(of: 20, toByteOffset: 0, as: Int.self)
            bytes.storeBytes(of: SOL_SOCKET, toByteOffset: 8, as: Int32.self)
            bytes.storeBytes(of: Int32(SCM_RIGHTS), toByteOffset: 12, as: Int32.self)
            bytes.storeBytes(of: passed, toByteOffset: 16, as: Int32.self)
        }
        var bytes = Array(text.utf8)
        return bytes.withUnsafeMutableBytes { bytes in
            control.withUnsafeMutableBytes { control in
                var part = iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
                return withUnsafeMutablePointer(to: &part) { part in
                    var message = msghdr()
                    message.msg_iov = part
                    message.msg_iovlen = 1
                    message.msg_control = control.baseAddress
                    message.msg_controllen = control.count
                    return sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL)) == bytes.count
                }
            }
        }
    }

    /// Sends what the connection takes now.
    func sendAvailable(_ bytes: [UInt8]) -> Int {
        Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
    }

    /// The next line without its LF; `nil` at the end, or after the time limit.
    func line() -> String? {
        while true {
            let end = received.withUnsafeBytes { bytes -> Int? in
                guard let base = bytes.baseAddress,
                    let end = memchr(base + searched, 0x0A, bytes.count - searched)
                else { return nil }
                return UnsafeRawPointer(end) - base
            }
            if let end {
                let line = String(decoding: received[..<end], as: UTF8.self)
                received.removeFirst(end + 1)
                searched = 0
                return line
            }
            searched = received.count
            guard receive() > 0 else { return nil }
        }
    }

    /// What is left until the end; `nil` if it does not end within the time limit.
    func rest() -> String? {
        while true {
            switch receive() {
            case 0: return String(decoding: received, as: UTF8.self)
            case 1...: continue
            default: return errno == ECONNRESET ? String(decoding: received, as: UTF8.self) : nil
            }
        }
    }

    /// Whether something has arrived that was not read.
    var hasInput: Bool {
        var byte: UInt8 = 0
        return !received.isEmpty || recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) > 0
    }

    private func receive() -> Int {
        var chunk = [UInt8](repeating: 0, count: 65536)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        if count > 0 { received += chunk[..<count] }
        return count
    }
}
