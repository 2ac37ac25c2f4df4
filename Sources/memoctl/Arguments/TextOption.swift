internal import ArgumentParser
internal import MemoClient

/// How KEY and VALUE are written: as JSON, or as plain text, which a shell need not quote twice.
struct TextOption: ParsableArguments {
    @Flag(help: "KEY and VALUE are plain text, and stand for JSON strings.") var string = false

    func key(_ argument: JSONArgument) throws -> JSONText {
        string ? argument.string : try argument.json("KEY", isKey: true)
    }

    func value(_ argument: JSONArgument) throws -> JSONText {
        string ? argument.string : try argument.json("VALUE")
    }

    /// The same, where `-` means standard input.
    func valueOrInput(_ argument: JSONArgument) throws -> JSONText {
        guard argument.isInput else { return try value(argument) }
        let input = try StandardInput.readAll()
        if string {
            guard let text = String(validating: input, as: UTF8.self) else {
                throw UsageError("standard input is not UTF-8, as text has to be")
            }
            return JSONText(string: text)
        }
        if let fault = JSONArgument.depthFault(in: input) { throw UsageError("standard input is \(fault)") }
        do {
            return try JSONText(parsing: input)
        } catch {
            throw UsageError("standard input is not one JSON value: \(error.message)")
        }
    }
}
