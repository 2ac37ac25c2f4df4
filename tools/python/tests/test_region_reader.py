"""A region made by hand, byte for byte as docs/region.md has it: what readers take, and that each of their checks is needed.

`MEMOD_TEST_MUTANTS=1` compiles the reader once for each check with the check left out, which must be noticed."""

import fcntl
import importlib.util
import json
import mmap
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import sysconfig
import time
import zlib
from pathlib import Path

import pytest

import memod
from region_cases import compiled, pure

SOURCE = Path(memod.__file__).parent / "_region" / "reader.c"
INSTANCE = bytes(range(16))
SEED, FUNCTION, PLACE = 0x1234_5678, 7, 3
FUNCTIONS, BUCKETS, LOG_BYTES = 16, 4, 1 << 16
FUNCTION_WORDS, INDEX, LOG = 4096, 8192, 12288
MARK = 0xFE << 56
FOREVER = (1 << 63) - 1
scan = json.JSONDecoder().scan_once


class Memory:
    """Sealed, as the daemon hands it over."""

    def __init__(self, size):
        self.descriptor = os.memfd_create("region", os.MFD_ALLOW_SEALING)
        os.ftruncate(self.descriptor, size)
        fcntl.fcntl(self.descriptor, 1033, 0x2 | 0x4)  # F_ADD_SEALS: SHRINK, GROW
        self.bytes = mmap.mmap(self.descriptor, size)

    def put(self, form, offset, *values):
        struct.pack_into("<" + form, self.bytes, offset, *values)

    def close(self):
        self.bytes.close()
        os.close(self.descriptor)


class Region:
    def __init__(self):
        self.control = Memory(4096)
        self.memory = Memory(LOG + LOG_BYTES + 8192)  # more than it says: who reads on is not killed
        self.uses = Memory(20480 + FUNCTIONS * 16)
        for memory in (self.control, self.memory):
            memory.put("8sI", 0, b"MEMODRG1", 2)
            memory.put("16s", 16, INSTANCE)
        self.control.put("I", 128, 4711)
        self.memory.put("I", 12, SEED)
        self.memory.put("QQQQQII", 32, LOG + LOG_BYTES, FUNCTION_WORDS, INDEX, LOG, LOG_BYTES, FUNCTIONS, BUCKETS - 1)
        self.memory.put("II", 128, 1, 1)

    def publish(self, key=b'"k"', value=b"1", number=1, offset=0, *, block_key=None, function=FUNCTION, epoch=0,
                fresh=FOREVER, exact=0, claims=None, life=0):  # fmt: skip
        """`block_key`: that of the block, if the index leads to another's; `claims`: how long it says its value is."""
        block_key = key if block_key is None else block_key
        start = LOG + offset
        self.memory.put(
            "QIHHIIqQII", start, MARK | number, function, len(block_key), exact, claims or len(value), epoch, fresh, 1, 0,
            life,
        )
        self.memory.bytes[start + 48 : start + 48 + len(block_key)] = block_key
        behind = start + 48 + (len(block_key) + 7) // 8 * 8
        self.memory.bytes[behind : behind + len(value)] = value
        total = checksum(key)
        self.memory.put("Q", INDEX + (total & (BUCKETS - 1)) * 64, (total or 1) << 32 | offset // 16)

    def reader(self, kind, serves_ending=True):
        return kind(self.control.descriptor, self.memory.descriptor, self.uses.descriptor, serves_ending)

    def close(self):
        for each in (self.control, self.memory, self.uses):
            each.close()


def checksum(key):
    return zlib.crc32(key, SEED ^ FUNCTION)


def find(region, kind, key=b'"k"', **options):
    found = region.reader(kind, **options).find(FUNCTION, PLACE, key)
    return None if found is None else found[0]


def boot_ms():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


# A change behind which nothing may be read, by the check that sees it.
ENDS = {
    "mark": lambda region: region.memory.put("Q", LOG, 1),
    "function": lambda region: region.publish(function=FUNCTION + 1),
    "key": lambda region: region.publish(block_key=b'"l"'),
    "length": lambda region: region.publish(block_key=b'"k"x'),
    "freshness": lambda region: region.publish(fresh=boot_ms()),
    "bounds": lambda region: region.publish(offset=LOG_BYTES - 64, claims=4096),
    "function word": lambda region: region.memory.put("Q", FUNCTION_WORDS + 8 * PLACE, MARK | 2),
    "cleared below": lambda region: region.memory.put("Q", 136, MARK | 2),
    "tag epoch": lambda region: (region.publish(epoch=1), region.memory.put("I", 132, 2)),
    "state": lambda region: region.memory.put("I", 128, 2),
    "life": lambda region: region.control.put("I", 128, 4711 | 0x4000_0000),
}


def ends_are_seen(kind):
    """Raises `AssertionError` where a reader takes what it should not."""
    for name, end in ENDS.items():
        region = Region()
        try:
            region.publish()
            reader = region.reader(kind)
            assert reader.find(FUNCTION, PLACE, b'"k"')[0] == "1", name
            end(region)
            assert reader.find(FUNCTION, PLACE, b'"k"') is None, name
        finally:
            region.close()


def nothing_is_torn(kind, seconds):
    """Against a writer that overwrites a value again and again."""
    region = Region()
    region.publish(value=b"00000000" * 2000)
    child = os.fork()
    if child == 0:
        number = 1
        memory = memoryview(region.memory.bytes)
        word = memory[LOG : LOG + 8].cast("Q")
        values = [bytes([ord("0") + digit]) * 16000 for digit in range(8)]
        behind = LOG + 48 + 8
        while True:
            number += 1
            word[0] = 0
            memory[behind : behind + 16000] = values[number % 8]
            word[0] = MARK | number
    try:
        reader = region.reader(kind)
        end = time.monotonic() + seconds
        hits = 0
        while time.monotonic() < end:
            found = reader.find(FUNCTION, PLACE, b'"k"')
            if found is not None:
                hits += 1
                assert found[0] == found[0][0] * 16000, "torn"
        assert hits > 0
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        region.close()


def fork_is_seen(kind):
    region = Region()
    try:
        region.publish()
        reader = region.reader(kind)
        child = os.fork()
        if child == 0:
            os._exit(0 if reader.find(FUNCTION, PLACE, b'"k"') is None else 1)
        assert os.waitpid(child, 0)[1] == 0, "fork"
        assert reader.find(FUNCTION, PLACE, b'"k"') is not None
    finally:
        region.close()


def exact_uses_are_noted(kind):
    region = Region()
    try:
        region.publish(exact=1)
        reader = region.reader(kind)
        for _ in range(1024):
            assert reader.find(FUNCTION, PLACE, b'"k"') is not None
        assert reader.find(FUNCTION, PLACE, b'"k"') is None, "a full ring"
        assert struct.unpack_from("<QQ", region.uses.bytes) == (1024, 1024)
        assert struct.unpack_from("<Q", region.uses.bytes, 20480 + 16 * PLACE) == (1024,)
    finally:
        region.close()


@pytest.fixture(params=[compiled, pure])
def kind(request):
    return request.param()


def test_what_is_not_valid_is_not_taken(kind):
    ends_are_seen(kind)


def test_nothing_is_torn(kind):
    nothing_is_torn(kind, 2)


def test_a_forked_child_reads_nothing(kind):
    fork_is_seen(kind)


def test_uses_of_an_exact_order_are_noted(kind):
    exact_uses_are_noted(kind)


def test_another_clock(kind):
    region = Region()
    region.publish(fresh=boot_ms() + 60_000)
    assert find(region, kind) == "1" and find(region, kind, serves_ending=False) is None
    region.close()


VALUES = """
null true false 0 -0 7 -7 12345 999999999999999999 -999999999999999999 1000000000000000000 9223372036854775808 1.5 -0.0 0.1
1e3 1E3 1e+22 1.7976931348623157e308 1e400 -1e400 5e-324 1.0000000000000000000000000000000000000000000000001 "" "text"
"\u00e4\u20ac\U0001f600" "a\\nb" "\\u0041" "\\ud800" "a\\"b" [] [1,2.5,"x"] {} {"a":[null,true]} [[[]]]
""".split() + ['"a b"', '[1, 2]']
#: What no daemon publishes, and is not taken either.
NO_VALUES = """
01 -01 00 - + .5 5. 1.e3 1e 1e+ 1x 0x10 1_0 1__0 nul nulll True tru fals " "a "a" "a\tb" NaNa Infinit --1 +1 [ {"a"} a
""".split(" ")


def looked_up(kind, text):
    region = Region()
    try:
        region.publish(value=text.encode())
        return region.reader(kind).look(FUNCTION, PLACE, '"k"', scan)
    finally:
        region.close()


@pytest.mark.parametrize("text", VALUES)
def test_values_are_what_json_makes_of_them(kind, text):
    value = looked_up(kind, text)[0]
    expected = json.loads(text)
    assert repr(value) == repr(expected) and type(value) is type(expected)


@pytest.mark.parametrize("text", [each.strip("\n") for each in NO_VALUES])
def test_what_is_no_value_is_what_the_scanner_makes_of_it(kind, text):
    def outcome(make):
        try:
            return repr(make())
        except (ValueError, StopIteration) as error:
            return type(error)

    assert outcome(lambda: looked_up(kind, text)[0]) == outcome(lambda: scan(text, 0)[0])


def test_numbers_by_chance_are_what_json_makes_of_them(kind):
    chance = random.Random(5)
    for _ in range(300):
        digits = [str(chance.randrange(10**size)) for size in (chance.randrange(1, 20), chance.randrange(1, 20))]
        text = chance.choice(["{}", "-{}", "{}.{}", "-{}.{}", "{}e{}", "{}.5e-{}"]).format(digits[0], digits[1][:3])
        assert repr(looked_up(kind, text)[0]) == repr(json.loads(text)), text


def test_a_key_in_another_form_is_left_to_the_caller(kind):
    region = Region()
    try:
        region.publish(key=b"[1]", value=b"5")
        reader = region.reader(kind)
        assert reader.look(FUNCTION, PLACE, "[1]", scan) == (5, 0, None, 0)
        assert reader.look(FUNCTION, PLACE, "[1.0]", scan) is False and reader.look(FUNCTION, PLACE, "[2]", scan) is None
    finally:
        region.close()


# Each check of reader.c: text, and what is in its place where it is left out.
MUTANTS = {
    "mark": [("if (publication >> 56 != MARK) return OTHER;", "")],
    "function": [("LOAD32(&head->function) != function || ", "")],
    "key length": [("(length_and_flags & 0xFFFF) != key_bytes || ", "")],
    "key": [("if (memcmp(block + HEAD_BYTES, key, key_bytes) != 0) return OTHER;", "")],
    "bounds": [("if (offset + start + value_bytes > reader->log_bytes) return OTHER;", "")],
    "freshness": [("milliseconds(CLOCK_BOOTTIME) >= fresh_until", "0")],
    "the second look": [
        ("LOAD64(&head->publication) == publication &&", ""),
        ("if (LOAD64(&head->publication) != publication) return DOUBT;", ""),
    ],
    "function word": [("LOAD64(reader->functions + (size_t)place * 8) <= publication && ", "")],
    "cleared below": [("LOAD64(header + 136) <= publication &&", "")],
    "tag epoch": [("(epoch == 0 || LOAD32(header + 132) == epoch) && ", "")],
    "state": [("LOAD32(header + 128) == OPEN &&", "")],
    "life": [("LOAD32(reader->control.base + 128) == reader->alive && ", "")],
    "fork": [(" && LOAD32(reader->own) != 0", ""), (" || LOAD32(reader->own) == 0", "")],
    "the note of an exact use": [(" || !note(reader, ticket, 1)", "")],
}


def build(source, directory):
    """The reader that this source makes."""
    path = directory / "reader.c"
    path.write_text(source)
    target = directory / "_reader.abi3.so"
    include = sysconfig.get_path("include")
    options = ["-shared", "-fPIC", "-O2", "-std=c11", "-DPy_LIMITED_API=0x03090000", f"-I{include}", f"-I{SOURCE.parent}"]
    subprocess.run(["cc", *options, "-o", str(target), str(path), str(SOURCE.parent / "values.c")], check=True, capture_output=True)
    spec = importlib.util.spec_from_file_location("memod._region._reader", target)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Reader


def notices(mutant, directory):
    """In a process of its own, which a wild reader may kill."""
    source = SOURCE.read_text()
    for text, other in MUTANTS.get(mutant, ()):
        assert text in source, f"reader.c has no {text}"
        source = source.replace(text, other)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            kind = build(source, directory)
            ends_are_seen(kind)
            fork_is_seen(kind)
            exact_uses_are_noted(kind)
            nothing_is_torn(kind, 20 if mutant == "the second look" else 1)
            status = 0
        except AssertionError as error:
            print(f"{mutant}: {str(error).splitlines()[0]}", file=sys.stderr)
        finally:
            sys.stderr.flush()
            os._exit(status)
    return os.waitpid(child, 0)[1] != 0


@pytest.mark.skipif(not os.environ.get("MEMOD_TEST_MUTANTS"), reason="on demand: MEMOD_TEST_MUTANTS=1")
@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
@pytest.mark.parametrize("mutant", list(MUTANTS))
def test_a_check_that_is_left_out_is_noticed(mutant, tmp_path):
    compiled()
    assert notices(mutant, tmp_path)


@pytest.mark.skipif(not os.environ.get("MEMOD_TEST_MUTANTS"), reason="on demand: MEMOD_TEST_MUTANTS=1")
def test_with_all_checks_nothing_is_noticed(tmp_path):
    compiled()
    assert not notices("none", tmp_path)
