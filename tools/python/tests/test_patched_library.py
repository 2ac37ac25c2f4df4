"""Functions of the standard library that the program has replaced, before and after memod is there: memoized functions compute
what they would compute without it."""

import pytest

#: A process for each: what memod itself uses is among it.
PROGRAM = """
import os, posixpath, signal, sys
import warnings; warnings.simplefilter("ignore")
read, write, pipe, fork, wait, leave = os.read, os.write, os.pipe, os.fork, os.waitpid, os._exit
import {modules}
import target
{before}
class Thing:
    pass
replacements = (lambda *a, **k: None), Thing()
wrong = []
for module in ({modules},):
    for name in sorted(vars(module)):
        value = vars(module)[name]
        if not callable(value) or isinstance(value, type) or name[:2] == "__" or name in ("fork", "_exit"):
            continue
        for replacement in replacements:
            end, begin = pipe()
            if (child := fork()) == 0:
                said = "nothing"
                try:
                    setattr(module, name, replacement)
                    import memod
                    f = memod.lru_cache(target.f)
                    said = "right" if (f(1), f(1), f(2), str(f.cache_scope()) and 0) == (3, 3, 4, 0) else "wrong"
                except BaseException as error:
                    trace = error.__traceback__
                    while trace.tb_next is not None:
                        trace = trace.tb_next
                    said = f"{{type(error).__name__}} {{trace.tb_frame.f_code.co_filename}}:{{trace.tb_lineno}}"
                finally:
                    write(begin, said.encode())
                    leave(0)
            wait(child, 0)
            said = read(end, 1000).decode()
            if said != "right":
                wrong.append((module.__name__, name, said))
print(wrong)
"""


@pytest.mark.parametrize("modules", ["posixpath, genericpath", "json"])
def test_after_memod(daemon, program, modules):
    program.write("RATE = 2\ndef f(x): return x + RATE", name="target")
    program.write(PROGRAM.format(modules=modules, before="import memod"))
    process = program.start()
    out, error = process.communicate(timeout=100)  # that nothing is shared may be said
    assert process.returncode == 0, error
    assert out.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", ["len", "hash", "type", "isinstance", "sorted", "repr", "min"])
@pytest.mark.parametrize("decorate", ["memoize", "cache"])
def test_a_builtin_that_is_memoized_in_its_own_place(daemon, program, name, decorate):
    program.write(f"""
        import builtins, warnings
        import memod
        warnings.simplefilter("ignore")
        def f(x): return [len(x), sorted(x), repr(x)]
        plain = builtins.{name}
        builtins.{name} = memod.{decorate}(plain)
        found = [memod.memoize(f)((3, 1)) for _ in range(2)], len((1, 2)), isinstance(3, int), hash(7), min((4, 5))
        builtins.{name} = plain
        print(found)
        """)
    expected = ([[2, [1, 3], "(3, 1)"]] * 2, 2, True, 7, 4)
    assert program.run() == f"{expected}\n"
    assert program.run() == f"{expected}\n"
