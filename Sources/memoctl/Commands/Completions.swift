internal import ArgumentParser
internal import Completion

struct Completions: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a shell's completion script, for memoctl, memod and memod-web.",
        discussion: """
            Names of functions are asked of the daemon, and are text to the shell, whatever they contain.

              memoctl completions bash >~/.local/share/bash-completion/completions/memoctl
              memoctl completions zsh >~/.zfunc/_memoctl
              memoctl completions fish >~/.config/fish/completions/memoctl.fish

            For bash and fish, the same under the name of another program completes that one.
            """)

    @Argument(help: "The shell: \(CompletionScript.allCases.map(\.rawValue).joined(separator: ", ")).")
    var shell: CompletionScript

    func run() throws {
        try Output.standard.write(Array(shell.text.utf8))
    }
}

extension CompletionScript: ExpressibleByArgument {}
