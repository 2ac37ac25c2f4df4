internal import MemoStore

extension RemoteSettings {
    /// As the store takes it.
    var store: RemoteConfiguration {
        var configuration = RemoteConfiguration(namespace: namespace) { [functions] name in
            functions.contains { Pattern.matches($0, name) }
        }
        configuration.mode = mode
        configuration.budgetMs = budgetMs
        configuration.valueMax = valueMax
        configuration.queueBytes = queueBytes
        return configuration
    }
}
