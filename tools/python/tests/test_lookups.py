"""Names that are data, libraries' classes that the program changes, and text that is made of sets."""

from batch import two_sides, wrong_among

#: The second process differs in `B`, and in what `change` does before each call.
CASES = {
    "os.getenv via getattr": r"""
        def f(x): return getattr(os, 'get' + 'env')('MEMOD_CASE')""",
    "os.getenv via dict": r"""
        def f(x): return vars(os)['getenv']('MEMOD_CASE')""",
    "os.getenv via dispatch": r"""
        T = {'e': os.getenv}
        def f(x): return T['e']('MEMOD_CASE')""",
    "os.getenv via operator.attrgetter": r"""
        import os, operator
        def f(x): return operator.attrgetter('getenv')(os)('MEMOD_CASE')""",
    "os.getenv via methodcaller": r"""
        import os, operator
        def f(x): return operator.methodcaller('getenv', 'MEMOD_CASE')(os)""",
    "os.getenv via partial": r"""
        import os, functools
        E = functools.partial(os.getenv, 'MEMOD_CASE')
        def f(x): return E()""",
    "now via getattr": r"""
        import datetime as dt
        def f(x): return getattr(dt.datetime, 'now')()""",
    "sys.set attr": r"""
        import sys
        if B: sys.tracebacklimit = 3
        def f(x): return getattr(sys, 'tracebacklimit', None)""",
    "Fraction method patched": r"""
        import fractions
        real = fractions.Fraction.__add__
        def change(i): fractions.Fraction.__add__ = lambda a, b: 'x'
        def restore(): fractions.Fraction.__add__ = real
        def f(x): return fractions.Fraction(1, 2) + x""",
    "pd eval local": r"""
        import pandas as pd
        DF = pd.DataFrame({'a': [1,2]})
        K = 1 if B else 0
        def f(x): return DF.query('a > @K').a.tolist()""",
    "string annotations get_type_hints": r"""
        import typing
        T = int if B else str
        def g(x: 'T'): pass
        def f(x): return str(typing.get_type_hints(g)['x'])""",
    "__name__ function": r"""
        def g(x): pass
        g.__name__ = SIDE
        def f(x): return g.__name__""",
    "str hash via dunder": r"""
        import operator
        def f(x): return operator.methodcaller('__hash__')('abc')""",
    "object __repr__": r"""
        def f(x): return object.__repr__(f)[-8:]""",
    "subprocess via lib": r"""
        import subprocess
        RUN = {'r': subprocess.check_output}
        def f(x): return RUN['r'](['sh', '-c', 'echo $MEMOD_CASE'])""",
    "unpickle by pandas": r"""
        import pandas as pd, pickle, sys
        class P:
            def go(self): return 2 if B else 1
        import types
        PLACE = os.path.abspath("pickled")
        pd.to_pickle(P(), PLACE)
        def f(x): return pd.read_pickle(PLACE).go()""",
    "pprint set": r"""
        import pprint
        def f(x): return pprint.pformat({'b', 'a', 'c', str(x)})""",
    "json set default": r"""
        import json
        def f(x): return json.dumps({'k': {'b', 'a', 'c'}}, default=list)""",
    "str of dict var": r"""
        def f(x):
            d = {'k': {'a','b','c','d'}}
            return str(d)""",
    "fstring list of sets": r"""
        def f(x):
            d = [{'a','b','c','d'}, 1]
            return f'{d}'""",
    "repr tuple of sets": r"""
        def f(x): return repr(({'a','b','c','d'}, x))""",
    "exception arg set": r"""
        def f(x):
            try: raise ValueError({'a','b','c','d'})
            except ValueError as e: return str(e)""",
    "dict of sets repr": r"""
        def f(x): return str({'k': frozenset(['a','b','c'])})""",
}


def test_the_second_process_computes(daemon, tmp_path):
    assert not wrong_among(two_sides(tmp_path, CASES))
