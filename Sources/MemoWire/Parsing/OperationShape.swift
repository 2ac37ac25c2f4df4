/// Which fields an operation takes.
struct OperationShape: BitwiseCopyable {
    var operation: Operation
    /// Besides `op` and `id`, which every request may have.
    var allowed: FieldSet
    var required: FieldSet

    static let table = NameTable(Operation.allCases.map { ($0.rawValue, OperationShape($0)) })

    static let get = OperationShape(.get)
    static let put = OperationShape(.put)

    /// An element of an `mput`'s `entries`.
    static let entry = OperationShape(
        .mput, required: [.key, .value], optional: putOptions, common: [])

    /// The `mismatch` of a `report`.
    static let mismatch = OperationShape(
        .report, required: [.digest, .kept, .computed], optional: [], common: [])

    /// Fields that a `get` may have.
    static let getOptions: [Field] = [.leaseMs, .waitMs, .early, .meta, .remote]

    /// Fields that a `put` may have.
    static let putOptions: [Field] = [
        .ttlMs, .staleMs, .costMs, .tags, .lease, .durable, .ifAbsent,
    ]

    private init(
        _ operation: Operation, required: [Field], optional: [Field], common: [Field] = [.op, .id]
    ) {
        self.operation = operation
        self.required = FieldSet(required)
        allowed = FieldSet(required + optional + common)
    }

    private init(_ operation: Operation) {
        let required: [Field]
        var optional: [Field] = []
        switch operation {
        case .ping, .stats, .sync, .map: required = []
        case .hello: (required, optional) = ([], [.client])
        case .get: (required, optional) = ([.fn, .key], Self.getOptions)
        case .put: (required, optional) = ([.fn, .key, .value], Self.putOptions)
        case .release: required = [.fn, .key, .lease]
        case .delete: (required, optional) = ([.fn, .key], [.waitRemoteMs])
        case .why: (required, optional) = ([.fn, .key], [.remote])
        case .touch: required = [.fn, .key, .ttlMs]
        case .mget: (required, optional) = ([.fn, .keys], [.remote])
        case .mput: required = [.fn, .entries]
        case .clear: (required, optional) = ([], [.fn, .tag, .all, .pattern, .waitRemoteMs])
        case .forget: (required, optional) = ([], [.fn, .pattern])
        case .define:
            (required, optional) = (
                [.fn],
                [
                    .maxsize, .ttlMs, .staleMs, .typed, .persist, .maxBytes, .remote, .coherent, .remoteLease,
                ]
            )
        case .info: (required, optional) = ([.fn], [.mismatches])
        case .report:
            (required, optional) = (
                [.fn, .hits], [.savedMs, .regionHits, .verified, .mismatched, .mismatch]
            )
        case .functions: (required, optional) = ([], [.limit, .after, .pattern])
        case .keys: (required, optional) = ([.fn], [.limit, .after])
        case .subscribe: (required, optional) = ([], [.fn])
        case .backup: required = [.path]
        case .history: (required, optional) = ([], [.fn, .spanMs, .points])
        case .advise: (required, optional) = ([], [.fn])
        }
        self.init(operation, required: required, optional: optional)
    }
}
