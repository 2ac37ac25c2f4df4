"""What is not kept is said once for each function, with the reason and what to do."""

import warnings

import pytest

import memod


class Thing:
    pass


def said(record):
    return [str(each.message) for each in record if issubclass(each.category, memod.NotKeptWarning)]


def test_results_that_cannot_be_stored(daemon):
    @memod.lru_cache(name="things")
    def thing(number):
        return Thing()

    with pytest.warns(memod.NotKeptWarning) as record:
        things = [thing(number) for number in range(5)]
    assert thing(0) is things[0]
    assert len(said(record)) == 1
    assert "thing" in said(record)[0] and "Thing cannot be stored" in said(record)[0]
    assert 'serializer="pickle"' in said(record)[0]
    assert record[0].filename == __file__
    assert thing.cache_scope() == "process" and "Thing cannot be stored" in thing.cache_scope().reason


def test_a_function_may_be_shared_in_part(daemon):
    @memod.lru_cache(name="parts")
    def part(whole):
        return [1] if whole else Thing()

    assert part(True) == [1] and part.cache_scope() == "shared" and not part.cache_scope().reason
    with pytest.warns(memod.NotKeptWarning):
        part(False)
    assert part.cache_scope() == "shared" and "Thing cannot be stored" in part.cache_scope().reason


def test_arguments_that_cannot_be_told(daemon):
    @memod.lru_cache(name="arguments")
    def number(thing):
        return 1

    with pytest.warns(memod.NotKeptWarning, match="key=") as record:
        number(Thing()), number(Thing())
    assert len(said(record)) == 1 and "Thing" in number.cache_scope().reason


@pytest.mark.parametrize("make", [lambda: lambda x: x, lambda: [].append], ids=["lambda", "bound"])
def test_functions_that_stay_in_the_process(make):
    function = make()
    if not hasattr(function, "__code__"):
        function = lambda x, extra=function: x  # noqa: E731
    with pytest.warns(memod.NotKeptWarning, match="name=") as record:
        memod.lru_cache(function)
        memod.lru_cache(function)
    assert len(said(record)) == 1


def test_libraries_know_best():
    function = lambda x: x  # noqa: E731
    function.__module__ = "json"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert memod.cache(function).cache_scope() == "process"
        assert memod.lru_cache(maxsize=0)(lambda x: x)(1) == 1


def test_a_function_that_is_kept_says_nothing(daemon):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        function = memod.lru_cache(name="quiet")(lambda x: [x])
        assert [function(number) for number in range(3)] == [[0], [1], [2]]
        assert function.cache_scope().reason == ""


def test_results_up_to_the_longest_line_are_kept(daemon, client):
    numpy = pytest.importorskip("numpy")
    limit = client.limits["max_line"]

    @memod.lru_cache(name="large")
    def zeros(count):
        return numpy.arange(count, dtype="u1")

    fits = (limit - 1000) // 4 * 3
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        zeros(fits)
    again = memod.lru_cache(name="large")(lambda count: pytest.fail("computed again"))
    back = again(fits)
    assert type(back) is numpy.ndarray and back.nbytes == fits and (back == zeros(fits)).all()
    with pytest.warns(memod.NotKeptWarning, match="--max-line"):
        zeros(limit // 4 * 3)
    assert "MiB" in zeros.cache_scope().reason
    assert client.get("large", [limit // 4 * 3]) is None


def test_a_program_is_told_on_its_standard_error(daemon, program):
    program.write("""
        import memod

        @memod.lru_cache
        def words(text):
            return (word for word in text.split())

        print(*words("a b"), *words("c"))
        """)
    process = program.start()
    out, error = process.communicate(timeout=60)
    assert out == "a b c\n" and process.returncode == 0
    assert error.count("NotKeptWarning") == 1 and "generator cannot be stored" in error


def test_what_can_never_be_kept_is_hardly_looked_up(daemon, client):
    f = memod.cache(name="futile")(lambda x: iter(()) if x >= 0 else x)
    before = client.stats()["misses"]
    for x in range(1000):
        f(x)
    assert client.stats()["misses"] - before < 100
    for x in range(-100, 0):  # and one that can be kept is found out about
        f(x)
    assert client.info("futile")["currsize"] > 30
    client.put("futile", [5000], "kept by another")
    f(-200), f.forget(5000)
    assert client.get("futile", [5000]) is None
