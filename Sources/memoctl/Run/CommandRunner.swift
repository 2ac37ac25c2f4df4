internal import Glibc
internal import MemoClient
internal import Platform

/// Runs a command once, and replays what it did from then on.
struct CommandRunner {
    let settings: RunSettings
    /// What the command's first word stands for. Found once, so that what is run is what was looked at.
    private let executable: [UInt8]?
    /// A lease lasts as long as the command may run; it ends with this process's connection anyway.
    private static let lease: Duration = .seconds(3600)
    /// Waiting is done in parts, so that a daemon that hangs does not hold up the command for long.
    private static let wait: Duration = .seconds(60)

    init(_ settings: RunSettings) {
        self.settings = settings
        executable = ExecutableFile.path(of: settings.command[0])
    }

    /// Does not return: the process ends as the command did.
    func run() throws -> Never {
        let input = settings.readsInput ? try StandardInput.readAll() : nil
        let key: RunKey
        do {
            key = try RunKey(settings, executable: executable, input: input)
        } catch is RunKey.NoDirectory {
            explain("not remembered: the working directory is gone; --any-cwd does without it")
            runUnremembered(input)
        }
        let client = BlockingClient(path: settings.socket, timeout: settings.timeout, autostart: true)
        do throws(MemoError) {
            let found = settings.refresh || settings.lease != nil ? nil : try lookUp(key, client)
            if let value = found?.value {
                if let recorded = RecordedRun(value), recorded.status == 0 || settings.keepsFailures {
                    if let lease = found?.lease, found?.isStale ?? false {
                        BackgroundRefresh.start(lease: lease, connection: client.descriptor, input: input)
                    } else if verifies {
                        verify(recorded, key, input, client)
                    }
                    replay(recorded)
                }
                explain("what is stored for it is a failure, or not a recorded run: running it")
            }
            try client.connect()
            compute(key, input, client, lease: settings.lease.map(BackgroundRefresh.adopt) ?? found?.lease)
        } catch {
            complain("nothing is kept: \(Advice.message(of: error))")
            runUnremembered(input)
        }
    }

    /// Looks for a recorded run, waiting for whoever is running the command at the moment.
    private func lookUp(_ key: RunKey, _ client: BlockingClient) throws(MemoError) -> Lookup {
        var options = GetOptions(lease: Self.lease, meta: settings.explain)
        var found = try client.perform(.get(key.function, key.json, options))
        options.wait = Self.wait
        while found.isHeld && found.value == nil && !ChildProcess.isNested {
            explain("waiting for another run of this command")
            found = try client.perform(.get(key.function, key.json, options))
        }
        if settings.explain { explain(found, key, client) }
        return found
    }

    private func replay(_ recorded: RecordedRun) -> Never {
        let errors = Output(descriptor: STDERR_FILENO, name: "standard error")
        do {
            for chunk in recorded.output {
                try (chunk.stream == .standardOutput ? Output.standard : errors).write(chunk.bytes)
            }
        } catch {
            complain("\(error)")
            exit(1)
        }
        exit(recorded.status)
    }

    private func compute(_ key: RunKey, _ input: [UInt8]?, _ client: BlockingClient, lease: String?) -> Never
    {
        let start = ContinuousClock.now
        let (recorded, ending) = runRecording(input)
        if let reason = reasonNotToKeep(recorded, ending, key, input) {
            explain("not kept: \(reason)")
            if let lease { _ = try? client.perform(.release(key.function, key.json, lease: lease)) }
        } else {
            keep(recorded, ContinuousClock.now - start, key, client, lease: lease)
        }
        ChildProcess.end(as: ending)
    }

    func keep(
        _ recorded: RecordedRun, _ cost: Duration, _ key: RunKey, _ client: BlockingClient, lease: String?
    ) {
        let options = PutOptions(
            ttl: settings.ttl, stale: settings.stale, cost: cost, tags: settings.tags, lease: lease)
        do {
            let outcome = try client.perform(.put(key.function, key.json, recorded.json, options))
            if case .refused(let reason) = outcome {
                explain("not kept: " + Self.words(for: reason))
            } else {
                explain("kept")
            }
        } catch {
            explain("not kept: \(error.message)")
        }
    }

    /// Why the daemon refused to keep a run.
    private static func words(for refusal: String) -> String {
        switch refusal {
        case "lease_lost": "it was cleared, or the daemon was started again, while the command ran"
        case "maxsize": "its function has a maxsize of 0"
        case "too_large": "it is larger than all that the daemon may keep"
        default: refusal
        }
    }

    func reasonNotToKeep(
        _ recorded: RecordedRun, _ ending: ChildProcess.Ending, _ key: RunKey, _ input: [UInt8]?
    ) -> String? {
        if case .killed = ending { return "the command was killed by a signal" }
        if SignalForwarding.hasInterrupted { return "the command was interrupted" }
        if recorded.status != 0 && !settings.keepsFailures { return "the command failed" }
        if recorded.isTooLarge { return "more than \(RecordedRun.maximumBytes >> 20) MiB of output" }
        if (try? RunKey(settings, executable: executable, input: input))?.json != key.json {
            return "its executable or a file changed while it ran"
        }
        return nil
    }

    func runRecording(_ input: [UInt8]?) -> (RecordedRun, ChildProcess.Ending) {
        do {
            return try ChildProcess.run(
                settings.command, executable: executable, input: input, echoes: settings.lease == nil)
        } catch let failure as SystemError {
            notStarted(failure.number)
        } catch {
            complain("\(error)")
            exit(1)
        }
    }

    /// Without a daemon the command takes this process's place.
    private func runUnremembered(_ input: [UInt8]?) -> Never {
        do {
            let source = try InputFile.make(input ?? [])
            dup2(source, STDIN_FILENO)
        } catch {
            complain("\(error)")
            exit(1)
        }
        var words: [UnsafeMutablePointer<CChar>?] = settings.command.map { word in
            (word + [0]).withUnsafeBytes { strdup($0.bindMemory(to: CChar.self).baseAddress!) }
        }
        words.append(nil)
        execvp(words[0]!, words)
        notStarted(errno)
    }

    /// With the exit status that a shell has for it.
    private func notStarted(_ number: Int32) -> Never {
        let name = String(decoding: settings.command[0], as: UTF8.self)
        complain(
            "\(name): "
                + (number == ENOENT ? "command not found" : SystemCallError("", number: number).reason))
        exit(number == ENOENT ? 127 : 126)
    }

    private func explain(_ found: Lookup, _ key: RunKey, _ client: BlockingClient) {
        if found.value != nil {
            let age =
                found.reply.int("age_ms").map { ", " + HumanFormat.duration(milliseconds: $0) + " old" } ?? ""
            explain(
                (found.isStale ? "stale hit" : "hit") + age + (found.lease == nil ? "" : "; refreshing it"))
        } else {
            let state = (try? client.perform(.why(key.function, key.json)))?.string("state") ?? "unknown"
            let reason =
                state == "unknown" ? "nothing is remembered for it" : "what was remembered is \(state)"
            explain("miss: \(reason); its key is \(key.json)")
        }
    }

    func explain(_ text: String) {
        if settings.explain { complain(text) }
    }

    func complain(_ text: String) {
        Terminal.standardError.writeLine("memoctl: " + text)
    }
}
