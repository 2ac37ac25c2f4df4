internal import ArgumentParser

struct Completions: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a shell's completion script.",
        discussion: """
              memoctl completions bash >~/.local/share/bash-completion/completions/memoctl
              memoctl completions zsh >~/.zfunc/_memoctl
              memoctl completions fish >~/.config/fish/completions/memoctl.fish
            """)

    enum Shell: String, CaseIterable, ExpressibleByArgument {
        case bash, zsh, fish

        var shell: CompletionShell {
            switch self {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        }
    }

    @Argument(help: "The shell: \(Shell.allCases.map(\.rawValue).joined(separator: ", ")).") var shell: Shell

    func run() throws {
        try Output.standard.writeLine(Memoctl.completionScript(for: shell.shell))
    }
}
