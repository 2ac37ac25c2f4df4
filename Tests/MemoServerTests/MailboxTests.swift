import Glibc
import MemoStore
import Platform
import Synchronization
import TestSupport
import Testing

@testable import MemoServer

struct MailboxTests {
    private let id = ConnectionID(loop: 1, slot: 2, generation: 3)

    private func isSignalled(_ mailbox: Mailbox) -> Bool {
        var waiting = pollfd(fd: mailbox.descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&waiting, 1, 0) == 1
    }

    @Test func aLoopIsWokenOnlyFromSleep() throws {
        let mailbox = try Mailbox(limits: Limits())
        var mail = Mailbox.Mail()
        mailbox.post(id, .resume(nil))
        #expect(!isSignalled(mailbox))
        #expect(mailbox.take(into: &mail, sleeping: true))
        #expect(mail.messages.count == 1)
        mail.clear()
        #expect(!mailbox.take(into: &mail, sleeping: true))
        mailbox.post(id, .resume(nil))
        mailbox.post(id, .resume(nil))
        #expect(isSignalled(mailbox))
        mailbox.acknowledgeWakeUp()
        #expect(!isSignalled(mailbox))
        #expect(mailbox.take(into: &mail, sleeping: false))
        #expect(mail.messages.count == 2)
    }

    /// Every message comes, though the loop goes to sleep just then: the next one is sent only after it.
    @Test func noMessageIsSleptThrough() throws {
        let mailbox = try Mailbox(limits: Limits())
        let count = SeededGenerator.cases(20_000)
        let taken = Counter()
        let id = id
        let sender = try Thread {
            var random = SeededGenerator(1)
            for number in 0..<count {
                mailbox.post(id, .resume(nil))
                while taken.value.load(ordering: .acquiring) <= number {}
                for _ in 0..<random.below(60) { _ = taken.value.load(ordering: .relaxed) }
            }
        }
        var mail = Mailbox.Mail()
        while taken.value.load(ordering: .relaxed) < count {
            if mailbox.take(into: &mail, sleeping: true) {
                taken.value.wrappingAdd(mail.messages.count, ordering: .releasing)
                mail.clear()
                continue
            }
            var waiting = pollfd(fd: mailbox.descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, 60_000) == 1 else {
                Issue.record("no one wakes the loop")
                taken.value.store(.max, ordering: .releasing)
                break
            }
            mailbox.acknowledgeWakeUp()
        }
        sender.join()
    }

    private final class Counter: Sendable {
        let value = Atomic(0)
    }

    @Test func commitsAreMergedWhereNothingIsLost() throws {
        let mailbox = try Mailbox(limits: Limits())
        var mail = Mailbox.Mail()
        for result in [
            CommitResult(through: 1), CommitResult(through: 5), CommitResult(through: 7, failedFrom: 6),
            CommitResult(through: 9, failedFrom: 8), CommitResult(through: 10),
        ] { mailbox.post(result) }
        _ = mailbox.take(into: &mail, sleeping: false)
        #expect(
            mail.commits == [
                CommitResult(through: 5), CommitResult(through: 9, failedFrom: 6), CommitResult(through: 10),
            ])
    }

    @Test func eventsAreBounded() throws {
        var limits = Limits()
        limits.mailboxEvents = 3
        limits.mailboxEventBytes = 100
        let mailbox = try Mailbox(limits: limits)
        var mail = Mailbox.Mail()
        for _ in 0..<5 { mailbox.post(id, .append([1])) }
        // What is no event is never dropped.
        mailbox.post(id, .resume(nil))
        _ = mailbox.take(into: &mail, sleeping: false)
        #expect(mail.messages.count == 1 && mail.events.count == 3)
        #expect(mail.lost == [id])
        mail.clear()
        mailbox.post(id, .append([UInt8](repeating: 0, count: 101)))
        _ = mailbox.take(into: &mail, sleeping: false)
        #expect(mail.events.isEmpty)
        #expect(mail.lost == [id])
    }

    @Test func whatWasReadIsNotReadAgain() throws {
        let mailbox = try Mailbox(limits: Limits())
        var mail = Mailbox.Mail()
        mailbox.send {
            $0.heartbeat = 7
            $0.rules = AccessRules()
            $0.drainDeadline = 5
        }
        #expect(mailbox.take(into: &mail, sleeping: false))
        #expect(mail.heartbeat == 7)
        mail.clear()
        // The two sides exchange their memory, so what is left in it would come back.
        for _ in 0..<2 {
            mailbox.post(id, .resume(nil))
            #expect(mailbox.take(into: &mail, sleeping: false))
            #expect(mail.heartbeat == 0)
            #expect(mail.rules == nil)
            #expect(mail.drainDeadline == nil)
            mail.clear()
        }
    }

    @Test func connectionNames() {
        let id = ConnectionID(loop: 255, slot: ConnectionID.slotLimit - 1, generation: .max)
        #expect(id.loop == 255)
        #expect(id.slot == ConnectionID.slotLimit - 1)
        #expect(id.generation == .max)
        #expect(id.rawValue < EventLoop.listenerToken)
    }
}
