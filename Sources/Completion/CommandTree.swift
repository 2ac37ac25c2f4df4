internal import MemoWire

/// A program's commands, options and arguments.
package struct CommandTree {
    package enum Values: Equatable {
        case none
        case list([String])
        case files
        /// Known to the program only: names of functions, of variables.
        case dynamic
    }

    package struct Argument {
        enum Kind { case positional, option, flag }

        let kind: Kind
        /// With their dashes, the preferred one first.
        let names: [String]
        let valueName: String
        let abstract: String
        let isRepeating: Bool
        /// Whether it takes what stands behind `--` only.
        let isPostTerminator: Bool
        let values: Values
    }

    let name: String
    let abstract: String
    let subcommands: [CommandTree]
    let arguments: [Argument]

    /// - Parameter dump: what the argument parser's `_dumpHelp` gives.
    init?(dump: String) {
        guard let root = try? JSONValue.parse(dump)["command"] else { return nil }
        self.init(root)
    }

    private init(_ command: JSONValue) {
        name = command["commandName"]?.stringValue ?? ""
        abstract = command["abstract"]?.stringValue ?? ""
        subcommands = (command["subcommands"]?.arrayValue ?? []).filter(Self.isShown).map { CommandTree($0) }
        arguments = (command["arguments"]?.arrayValue ?? []).filter(Self.isShown).map { Argument($0) }
    }

    /// Of a program without commands.
    package init(name: String, options: [Argument]) {
        self.name = name
        abstract = ""
        subcommands = []
        arguments = options
    }

    private static func isShown(_ part: JSONValue) -> Bool { part["shouldDisplay"]?.boolValue ?? true }

    var options: [Argument] { arguments.filter { $0.kind != .positional } }

    func option(_ name: String) -> Argument? { options.first { $0.names.contains(name) } }

    /// The positional argument that takes the word at an index.
    func positional(at index: Int) -> Argument? {
        let all = arguments.filter { $0.kind == .positional }
        if index < all.count { return all[index] }
        return all.last.flatMap { $0.isRepeating ? $0 : nil }
    }
}

extension CommandTree.Argument {
    /// - Parameters:
    ///   - names: with their dashes, the preferred one first.
    ///   - valueName: `nil` for a flag.
    package init(
        option names: [String], valueName: String?, abstract: String, isRepeating: Bool,
        values: CommandTree.Values
    ) {
        kind = valueName == nil ? .flag : .option
        self.names = names
        self.valueName = valueName ?? ""
        self.abstract = abstract
        self.isRepeating = isRepeating
        isPostTerminator = false
        self.values = values
    }

    fileprivate init(_ argument: JSONValue) {
        kind =
            switch argument["kind"]?.stringValue {
            case "flag": .flag
            case "option": .option
            default: .positional
            }
        let preferred = argument["preferredName"].map(Self.spelling)
        let spellings = (argument["names"]?.arrayValue ?? []).map(Self.spelling)
        names = spellings.filter { $0 == preferred } + spellings.filter { $0 != preferred }
        valueName = argument["valueName"]?.stringValue ?? ""
        abstract = argument["abstract"]?.stringValue ?? ""
        isRepeating = argument["isRepeating"]?.boolValue ?? false
        isPostTerminator = argument["parsingStrategy"]?.stringValue == "postTerminator"
        let completion = argument["completionKind"]
        if let list = completion?["list"]?["values"]?.arrayValue ?? argument["allValues"]?.arrayValue {
            values = .list(list.compactMap(\.stringValue))
        } else if completion?["file"] != nil || completion?["directory"] != nil {
            values = .files
        } else {
            values = completion?["custom"] != nil ? .dynamic : .none
        }
    }

    private static func spelling(_ name: JSONValue) -> String {
        (name["kind"]?.stringValue == "short" ? "-" : "--") + (name["name"]?.stringValue ?? "")
    }
}
