internal import Glibc
internal import MemoClient
internal import Platform

/// The page with the figures of one moment in it: one file that needs no server.
struct SavedPage {
    private let daemon: DaemonFigures
    /// Functions whose history is saved too, busiest first.
    private static let historiesMax = 200

    init(_ daemon: DaemonFigures) { self.daemon = daemon }

    func write(to path: String) async throws {
        let page = Array(try await html().utf8)
        // Names of functions are not for others to see.
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else {
            throw WebError(message: "\(path) cannot be made: \(String(cString: strerror(errno)))")
        }
        defer { close(file) }
        var written = 0
        while written < page.count {
            let count = page.withUnsafeBytes {
                Glibc.write(file, $0.baseAddress! + written, $0.count - written)
            }
            guard count > 0 || errno == EINTR else {
                throw WebError(message: "\(path) cannot be written: \(String(cString: strerror(errno)))")
            }
            written += max(0, count)
        }
    }

    func html() async throws -> String {
        let data = try await figures()
        let script = PageFile.scripts.map(\.text).joined(separator: "\n")
        var page = PageFile.page.text
        for file in PageFile.scripts {
            page.replace("<script src=\"\(file.rawValue.dropFirst())\" defer></script>\n", with: "")
        }
        let policy =
            "default-src 'none'; img-src data:; style-src '\(Self.source(PageFile.style.text))'; "
            + "script-src '\(Self.source(script))'; base-uri 'none'; form-action 'none'"
        page.replace(
            "<link rel=\"stylesheet\" href=\"style.css\">",
            with:
                "<meta http-equiv=\"Content-Security-Policy\" content=\"\(policy)\">\n<style>\(PageFile.style.text)</style>"
        )
        // As data it ends nowhere before its end: no `<` is left in it.
        let json = data.description.replacing("<", with: "\\u003c")
        page.replace(
            "</body>",
            with:
                "<script type=\"application/json\" id=\"data\">\(json)</script>\n<script>\(script)</script>\n</body>"
        )
        return page
    }

    /// What a content security policy allows the text by.
    private static func source(_ text: String) -> String {
        "sha256-" + String(decoding: Base64.encode(SHA256.bytes(of: Array(text.utf8))), as: UTF8.self)
    }

    private func figures() async throws -> JSONText {
        let functions = try await daemon.functions()
        let busiest = functions.sorted { $0.hits + $0.misses > $1.hits + $1.misses }.prefix(Self.historiesMax)
        var histories: [(String, JSONText)] = []
        var seen: Set<String> = []
        for function in busiest where seen.insert(function.name).inserted {
            let history = try await daemon.perform(
                .history(function.name, span: .seconds(86_400), points: 48))
            histories.append((function.name, history.reply.payload))
        }
        var spans: [(String, JSONText)] = []
        for seconds in [3600, 86_400, 604_800, 2_592_000, 31_536_000] {
            let history = try await daemon.perform(.history(span: .seconds(seconds), points: 120))
            spans.append(("\(seconds * 1000)", history.reply.payload))
        }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return JSONText(members: [
            ("at", JSONText(Int64(now.tv_sec) * 1000)),
            ("stats", try await daemon.stats().payload),
            ("functions", JSONText(joining: functions.map(\.reply.payload))),
            ("history", JSONText(members: spans)),
            ("functionHistory", JSONText(members: histories)),
            ("advise", try await daemon.perform(.advise()).reply.payload),
        ])
    }
}
