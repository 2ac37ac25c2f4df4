import Testing

@testable import MemoStore

@Suite struct WakeupsTests {
    @Test func theMaintenanceThreadIsCalledForWhatComesBeforeItsTurn() {
        var wakeups = Wakeups()
        wakeups.maintenancePauses(until: 500)
        wakeups.callMaintenance(by: 600)
        let later = wakeups.takeMaintenance()
        wakeups.callMaintenance(by: 400)
        let (sooner, due, again) = (
            wakeups.takeMaintenance(), wakeups.maintenanceDue, wakeups.takeMaintenance()
        )
        #expect(!later && sooner && due == 400 && !again)
        wakeups.callMaintenance()
        wakeups.maintenanceBegins()
        let isOver = !wakeups.takeMaintenance()
        #expect(isOver)
    }

    @Test func connectionsAreWokenOnce() {
        var wakeups = Wakeups()
        wakeups.wake(1)
        wakeups.wake([2, 3])
        let (first, second) = (wakeups.takeWakes(), wakeups.takeWakes())
        #expect(first == [1, 2, 3] && second.isEmpty)
    }
}
