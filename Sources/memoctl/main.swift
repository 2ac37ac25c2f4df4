Memoctl.start(Array(CommandLine.arguments.dropFirst()))
