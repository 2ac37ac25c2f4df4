"""Programs as users run them: twice, several at once, with the daemon dying, forking."""

import random
import re
import time

import pytest

RISK = """
    import time
    from memod import lru_cache

    @lru_cache(maxsize=512)
    def compute_risk_score(portfolio_id, threshold):
        time.sleep(0.001)
        return hash((portfolio_id, threshold)) % 100

    for call_id in range(1000):
        compute_risk_score(call_id % 50, 0.05)
    info = compute_risk_score.cache_info()
    print(f"hits={info.hits} misses={info.misses}")
    print(compute_risk_score.cache_info())
"""


def function_name(daemon, name):
    return re.search(rf"\S*{name}\S*", daemon.memoctl("stats")).group()


def test_the_risk_score_program_computes_nothing_twice(daemon, program):
    program.write(RISK)
    assert program.run().splitlines() == [
        "hits=950 misses=50",
        "CacheInfo(hits=950, misses=50, maxsize=512, currsize=50)",
    ]
    name = function_name(daemon, "compute_risk_score")
    first = daemon.memoctl("stats", name).splitlines()[0]
    assert first == "CacheInfo(hits=950, misses=50, maxsize=512, currsize=50)"
    assert program.run().splitlines()[0] == "hits=1000 misses=0"
    first = daemon.memoctl("stats", name).splitlines()[0]
    assert first == "CacheInfo(hits=1950, misses=50, maxsize=512, currsize=50)"


def test_results_survive_the_daemon_too(daemon, program):
    program.write(RISK)
    program.run()
    daemon.stop()
    daemon.start()
    assert program.run().splitlines()[0] == "hits=1000 misses=0"


def test_methods_are_known_by_class_and_state(daemon, program):
    program.write("""
        from memod import lru_cache

        class DataHeavyClass:
            def __init__(self, name):
                self.name = name

            @lru_cache(maxsize=128)
            def compute_heavy_stuff(self, param):
                return sum(i * i for i in range(param))

        heavy_object = DataHeavyClass("heavy1")
        print(heavy_object.compute_heavy_stuff(10000))
        print(heavy_object.compute_heavy_stuff(10000))
        print(heavy_object.compute_heavy_stuff(20000))
        print(DataHeavyClass.compute_heavy_stuff.cache_info())
        """)
    results = ["333283335000", "333283335000", "2666466670000"]
    assert program.run().splitlines() == [*results, "CacheInfo(hits=1, misses=2, maxsize=128, currsize=2)"]
    assert program.run().splitlines() == [*results, "CacheInfo(hits=3, misses=0, maxsize=128, currsize=2)"]


def test_equal_objects_of_a_first_run_count_as_functools_counts_them(daemon, program):
    source = """
        from {module} import lru_cache
        class Service:
            @lru_cache
            def work(self, x):
                return x * 2
        print([Service().work(n % 3) for n in range(6)], Service.work.cache_info())
        """
    program.write(source.format(module="functools"))
    expected = program.run()
    program.write(source.format(module="memod"))
    assert program.run() == expected
    assert "hits=6, misses=0" in program.run()


@pytest.mark.parametrize("single_flight", [True, False])
def test_ten_processes_at_once(daemon, program, tmp_path, single_flight):
    log = tmp_path / "computed"
    program.write(f"""
        import os, time
        from memod import lru_cache

        @lru_cache(maxsize=None, single_flight={single_flight}, version=1)
        def slow(n):
            with open({str(log)!r}, "a") as file:
                file.write(f"{{n}}\\n")
            time.sleep(0.05)
            return n * n

        while not os.path.exists({str(tmp_path / "go")!r}):
            time.sleep(0.001)
        print([slow(n) for n in range(8)])
        """)
    processes = [program.start() for _ in range(10)]
    (tmp_path / "go").touch()
    for process in processes:
        out, error = process.communicate(timeout=60)
        assert (process.returncode, error) == (0, "")
        assert out == "[0, 1, 4, 9, 16, 25, 36, 49]\n"
    computed = [int(line) for line in log.read_text().split()]
    assert sorted(set(computed)) == list(range(8))
    most = max(computed.count(n) for n in range(8))
    assert most == 1 if single_flight else most <= 10


def test_a_holder_that_dies_is_replaced(daemon, program, tmp_path):
    program.write(f"""
        import os, sys, time
        from memod import lru_cache

        @lru_cache(single_flight=True, version=1)
        def work():
            if sys.argv[1] == "die":
                open({str(tmp_path / "holding")!r}, "w").close()
                time.sleep(60)
            return "done"

        print(work())
        """)
    holder = program.start("die")
    while not (tmp_path / "holding").exists():
        assert holder.poll() is None
        time.sleep(0.005)
    other = program.start("live")
    with pytest.raises(Exception):
        other.wait(0.3)  # it waits for the holder
    started = time.monotonic()
    holder.kill()
    holder.communicate()
    assert other.communicate(timeout=10)[0] == "done\n"
    assert time.monotonic() - started < 5


def test_killing_the_daemon_changes_no_result(daemon, program):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    program.write("""
        import time
        from memod import lru_cache

        @lru_cache(maxsize=64)
        def work(n, tag=None):
            return [n, {"tag": tag, "square": n * n}, (n, tag)]

        for n in range(1500):
            assert work(n * 7 % 200, tag=str(n % 3)) == [
                n * 7 % 200, {"tag": str(n % 3), "square": (n * 7 % 200) ** 2}, (n * 7 % 200, str(n % 3))
            ]
            time.sleep(0.0003)
        info = work.cache_info()
        print(info.hits + info.misses)
        """)
    processes = [program.start() for _ in range(3)]
    kills = 0
    while any(process.poll() is None for process in processes) and kills < 6:
        time.sleep(chance.uniform(0.02, 0.25))
        daemon.kill()
        kills += 1
        time.sleep(chance.uniform(0, 0.05))
        daemon.start()
    for process in processes:
        out, error = process.communicate(timeout=60)
        assert process.returncode == 0, error
        assert out == "1500\n"
        assert error.count("RuntimeWarning") <= 1


def test_fork_and_multiprocessing(daemon, program):
    program.write("""
        import multiprocessing, os
        from memod import lru_cache

        @lru_cache(maxsize=None)
        def square(n):
            return n * n

        def forked():
            child = os.fork()
            if child == 0:
                ok = [square(n) for n in range(20)] == [n * n for n in range(20)]
                os._exit(0 if ok and square.cache_info().misses == 20 else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

        if __name__ == "__main__":
            assert [square(n) for n in range(10)] == [n * n for n in range(10)]
            forked()
            # What the child computed is there for the parent.
            assert square(15) == 225 and square.cache_info().misses == 10, square.cache_info()
            for method in ("fork", "spawn"):
                with multiprocessing.get_context(method).Pool(2) as pool:
                    assert pool.map(square, range(40)) == [n * n for n in range(40)]
            assert square(3) == 9
            assert [square(n) for n in range(40)] == [n * n for n in range(40)]
            assert square.cache_info().misses == 10, square.cache_info()
            print("done")
        """)
    assert program.run() == "done\n"


def test_hits_in_multiprocessing_children_are_reported(daemon, program):
    program.write("""
        import multiprocessing
        from memod import lru_cache

        @lru_cache(maxsize=None)
        def square(n):
            return n * n

        def work():
            for _ in range(101):
                square(2)

        if __name__ == "__main__":
            child = multiprocessing.get_context("fork").Process(target=work)
            child.start()
            child.join()
        """)
    program.run()
    assert "hits=100, misses=1" in daemon.memoctl("stats", function_name(daemon, "square"))


def test_deep_recursion_reaches_as_far(daemon, program):
    source = """
        import sys
        from {module} import lru_cache

        @lru_cache(maxsize=None)
        def depth(n):
            return 0 if n == 0 else 1 + depth(n - 1)

        deepest = 0
        for n in range(200, 1000, 10):
            depth.cache_clear()
            try:
                deepest = depth(n)
            except RecursionError:
                break
        print(deepest)
        try:
            depth(10 ** 9)
        except RecursionError:
            print("endless")
        print(sys.getrecursionlimit())
        """
    program.write(source.format(module="functools"))
    plain = program.run().split()
    program.write(source.format(module="memod"))
    ours = program.run().split()
    assert int(ours[0]) >= int(plain[0])
    assert ours[1:] == plain[1:] == ["endless", "1000"]


def test_a_program_without_a_daemon_is_warned_once(program):
    program.write("""
        from memod import lru_cache

        @lru_cache
        def square(n):
            return n * n

        @lru_cache
        def cube(n):
            return n ** 3

        print([square(n) + cube(n) for n in range(3)], square.cache_info())
        """)
    process = program.start()
    out, error = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out == "[0, 2, 12] CacheInfo(hits=0, misses=3, maxsize=128, currsize=3)\n"
    assert error.count("Warning") == 1 and "no memod daemon at" in error
