internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import MemoClient
internal import NIOCore
internal import OpenMetrics

/// Answers requests. Nothing that can be asked changes anything.
struct WebResponder: Sendable {
    let daemon: DaemonFigures
    let guardian: AccessGuard
    let activity: Activity

    func response(to request: Request) async -> Response {
        var response = await answer(request)
        for (name, value) in Self.headers { response.headers[name] = value }
        return request.method == .head ? response.createHeadResponse() : response
    }

    private static let headers: [(HTTPField.Name, String)] = [
        (.cacheControl, "no-store"), (.xContentTypeOptions, "nosniff"),
        (HTTPField.Name("Referrer-Policy")!, "no-referrer"), (HTTPField.Name("X-Frame-Options")!, "DENY"),
        (HTTPField.Name("Cross-Origin-Resource-Policy")!, "same-origin"),
        (HTTPField.Name("Cross-Origin-Opener-Policy")!, "same-origin"),
        (
            .contentSecurityPolicy,
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
                + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
    ]

    private func answer(_ request: Request) async -> Response {
        let path = request.uri.path
        var claim = AccessGuard.Claim(
            host: request.head.authority, origin: request.headers[HTTPField.Name("Origin")!],
            authorization: request.headers[.authorization],
            cookies: request.headers[values: .cookie])
        let query = QueryParameters(request.uri.query)
        claim.queryToken = query["token"]
        switch guardian.judge(claim) {
        case .refused(let status, let reason):
            var response = failure(status, status == 401 ? "unauthorized" : "forbidden", reason, path)
            if status == 401 { response.headers[.wwwAuthenticate] = "Bearer" }
            return response
        case .allowed(let setsCookie):
            activity.note()
            guard request.method == .get || request.method == .head else {
                var response = failure(405, "method_not_allowed", "this can only be read: GET and HEAD", path)
                response.headers[.allow] = "GET, HEAD"
                return response
            }
            var response = await content(path, query, metrics: Self.format(request.headers[.accept]))
            if setsCookie { response.headers[.setCookie] = guardian.cookie }
            return response
        }
    }

    private func content(
        _ path: String, _ query: QueryParameters, metrics format: MetricsText.Format
    ) async -> Response {
        if let file = PageFile(path: path) { return text(200, file.type, file.bytes) }
        do {
            if path == "/metrics" {
                return text(
                    200, format.contentType,
                    Array(MetricsText.of(try await daemon.snapshot(), as: format).utf8))
            }
            guard let json = try await FigureRequest(path: path, query)?.answer(from: daemon) else {
                return failure(404, "not_found", "there is nothing at this path", path)
            }
            return text(200, "application/json", json.bytes)
        } catch let error as FigureRequest.Malformed {
            return failure(400, "bad_request", error.reason, path)
        } catch let error as MemoError {
            switch error.code {
            case .badRequest: return failure(400, error.code.rawValue, error.message, path)
            default: return failure(503, error.code.rawValue, error.message, path)
            }
        } catch {
            return failure(500, "internal", "\(error)", path)
        }
    }

    /// A client that accepts only plain text is given the format of before OpenMetrics.
    private static func format(_ accept: String?) -> MetricsText.Format {
        guard let accept = accept?.lowercased(), accept.hasPrefix("text/plain"),
            !accept.contains("openmetrics")
        else { return .openMetrics }
        return .plain
    }

    private func failure(_ status: Int, _ code: String, _ reason: String, _ path: String) -> Response {
        guard path.hasPrefix("/api/") else {
            return text(status, "text/plain; charset=utf-8", Array("\(reason)\n".utf8))
        }
        let error = JSONText(members: [
            ("code", JSONText(string: code)), ("message", JSONText(string: reason)),
        ])
        return text(status, "application/json", JSONText(members: [("error", error)]).bytes)
    }

    private func text(_ status: Int, _ type: String, _ bytes: [UInt8]) -> Response {
        Response(
            status: .init(code: status), headers: [.contentType: type],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
