import Testing

@testable import MemoStore

@Suite struct SignalsTests {
    @Test func theMaintenanceThreadIsCalledForWhatComesBeforeItsTurn() {
        var signals = Signals()
        signals.maintenancePauses(until: 500)
        signals.callMaintenance(by: 600)
        let later = signals.takeMaintenance()
        signals.callMaintenance(by: 400)
        let (sooner, due, again) = (
            signals.takeMaintenance(), signals.maintenanceDue, signals.takeMaintenance()
        )
        #expect(!later && sooner && due == 400 && !again)
        signals.callMaintenance()
        signals.maintenanceBegins()
        let isOver = !signals.takeMaintenance()
        #expect(isOver)
    }

    @Test func connectionsAreWokenOnce() {
        var signals = Signals()
        signals.wake(1)
        signals.wake([2, 3])
        let (first, second) = (signals.takeWakes(), signals.takeWakes())
        #expect(first == [1, 2, 3] && second.isEmpty)
    }
}
