"""What the interpreter tells while functions run is heard alike by compiled code and without it."""

import subprocess
import sys
from pathlib import Path

import pytest

HEARS = """
import sys, threading
if sys.argv[1] == "without":
    sys.modules["memod._compiled.speedups"] = None
from memod._identity import event_watch
event_watch.listen()
event_watch.listen()

def heard(does):
    begun = event_watch.begin()
    try:
        does()
    except OSError:
        pass
    return event_watch.end(begun, (), False)

def opens(place):
    return lambda: open(place)

assert heard(opens("not there")).startswith("it names a file"), heard(opens("not there"))
assert not heard(opens("/not there")) and not heard(lambda: id(1))
thread = threading.Thread(target=lambda: heard(opens("not there")))
assert not heard(lambda: (thread.start(), thread.join()))

def f(): return 1
def g(): return 2
before = event_watch.replaced
f.__code__ = g.__code__
f.__defaults__ = ()
f.__doc__ = "words"
assert event_watch.replaced == before + 2 and f in [each[0] for each in event_watch.changed.values()]

def refuse(event, arguments):
    raise KeyError(event)

hear, event_watch._matters = event_watch._matters, refuse
try:
    heard(opens("not there"))
except KeyError as error:  # what is raised while it is heard, as by a signal handler, comes to who has done it
    assert "open" in str(error)
else:
    raise AssertionError
event_watch._matters = hear
try:
    import _xxsubinterpreters as interpreters
    other = interpreters.create()
except ImportError:  # under another name in others
    pass
else:
    interpreters.run_string(other, "f = lambda: 1; f.__code__ = (lambda: 2).__code__; id(f); open('/dev/null').close()")
    assert event_watch.replaced == before + 2
    interpreters.destroy(other)
print("heard")
"""


@pytest.mark.parametrize("way", ["with", "without"])
def test_events_are_heard(tmp_path, way):
    path = str(Path(__file__).resolve().parents[1])
    found = subprocess.run(
        [sys.executable, "-c", HEARS, way], env={"PYTHONPATH": path}, capture_output=True, text=True, timeout=60, cwd=tmp_path
    )
    assert found.stdout == "heard\n" and found.returncode == 0, found.stderr
