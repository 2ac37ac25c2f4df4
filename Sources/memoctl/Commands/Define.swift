internal import ArgumentParser
internal import MemoClient

struct Define: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Change the settings of a function, and print them.",
        usage: "memoctl define [<options>] <fn>",
        discussion: """
            What is left out stays as it is. A smaller bound evicts at once, the least recently used first; a change \
            between --typed and --no-typed, and one to --no-persist, clear the function.

              memoctl define compute_risk_score --maxsize 512 --ttl 1h
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: FunctionArgument.help) var function: FunctionArgument
    @Option(help: ArgumentHelp("How many entries it may have; or none for no bound.", valueName: "n"))
    var maxsize: LimitArgument?
    @Option(
        help: ArgumentHelp("How long its entries are fresh, such as 10m; or forever.", valueName: "duration"))
    var ttl: LifetimeArgument?
    @Option(
        help: ArgumentHelp("How long they are served after that, such as 1h; or none.", valueName: "duration")
    )
    var stale: GraceArgument?
    @Option(
        help: ArgumentHelp(
            "What its entries may take in both tiers, such as 64MiB; or none for no bound.", valueName: "size"
        ))
    var maxBytes: SizeArgument?
    @Flag(
        inversion: .prefixedNo,
        help: "Whether its results may be on disk; --no-persist keeps them in memory only.")
    var persist: Bool?
    @Option(
        help: ArgumentHelp(
            "Whether its results are shared with other machines: on, off, read (theirs are used), or default.",
            valueName: "on|off|read|default"))
    var remote: SharingArgument?
    @Flag(
        inversion: .prefixedNo,
        help:
            "Whether it is to miss while other machines cannot be heard, instead of serving what they may have cleared."
    )
    var coherent: Bool?
    @Flag(
        inversion: .prefixedNo,
        help: "Whether one machine is to compute a result while the others wait for it.")
    var remoteLease: Bool?
    @Flag(inversion: .prefixedNo, help: "Whether 1 and 1.0 are different arguments.") var typed: Bool?

    func run() throws {
        // Not in `validate`, which comes before options that there are not are complained of.
        if maxsize == nil && ttl == nil && stale == nil && typed == nil && persist == nil && maxBytes == nil
            && remote == nil && coherent == nil && remoteLease == nil
        {
            throw ValidationError(
                "Give a setting to change, such as --maxsize 512; memoctl info prints them.")
        }
        let profile = Profile(
            maxsize: maxsize?.limit, ttl: ttl?.lifetime, stale: stale?.duration, typed: typed,
            persist: persist, maxBytes: maxBytes?.limit, remote: remote?.sharing,
            coherent: coherent, remoteLease: remoteLease)
        try common.perform(.define(function.name, profile)) { profile in
            var remote = profile.remote == .byDefault ? "" : "\nremote     \(profile.remote.text)"
            if profile.isCoherent { remote += "\ncoherent   yes" }
            if profile.leasesRemotely { remote += "\nlease      one machine computes for all" }
            return """
                maxsize    \(profile.maxsize.map(String.init) ?? "None")
                max-bytes  \(profile.maxBytes.map(HumanFormat.bytes) ?? "none")
                ttl        \(profile.ttl.map(HumanFormat.duration) ?? "forever")
                stale      \(profile.stale.map(HumanFormat.duration) ?? "none")
                typed      \(profile.isTyped ? "yes" : "no")
                persist    \(profile.persists ? "yes" : "no")\(remote)
                """
        }
    }
}
