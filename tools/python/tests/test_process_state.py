"""What a process is set to: limits, filters of warnings, codecs, ways to copy, frames, chance; and settings that matter
because of what the arguments are."""

from batch import two_sides, wrong_among

#: The second process differs in `B`, and in what `change` does before each call.
CASES = {
    "codecs register": r"""
        import codecs
        def search(name):
            if name == "mycodec":
                k = 1 if not B else 2
                return codecs.CodecInfo(lambda s, e="strict": (s.encode() * k, len(s)), lambda b, e="strict": (bytes(b).decode(), len(b)), name="mycodec")
        codecs.register(search)
        def f(x): return ("a%d" % x).encode("mycodec")
        def restore(): codecs.unregister(search)""",
    "codecs error handler": r"""
        import codecs
        codecs.register_error("myerr", lambda e: ("?" if not B else "!", e.end))
        def f(x): return ("\xe9%d" % x).encode("ascii", "myerr")""",
    "codecs search closure": r"""
        import codecs
        def make(k):
            def search(name):
                if name == 'zz1': return codecs.CodecInfo(lambda s, e='strict': (s.encode() * k, len(s)), None, name='zz1')
            return search
        S1 = make(2 if B else 3)
        codecs.register(S1)
        def restore(): codecs.unregister(S1)
        def f(x): return 'a'.encode('zz1')""",
    "codecs via bytes()": r"""
        import codecs
        K = 2 if B else 3
        def search(name):
            if name == 'zz2': return codecs.CodecInfo(lambda s, e='strict': (s.encode() * K, len(s)), None, name='zz2')
        codecs.register(search)
        def restore(): codecs.unregister(search)
        def f(x): return bytes('a', 'zz2')""",
    "codecs via str()": r"""
        import codecs
        K = 2 if B else 3
        def search(name):
            if name == 'zz3': return codecs.CodecInfo(None, lambda s, e='strict': (bytes(s).decode() * K, len(s)), name='zz3')
        codecs.register(search)
        def restore(): codecs.unregister(search)
        def f(x): return str(b'a', 'zz3')""",
    "handler lambda global": r"""
        import codecs
        K = '?' if B else '!'
        codecs.register_error('zz4', lambda e: (K, e.end))
        def f(x): return '\u20ac'.encode('ascii', 'zz4')""",
    "warnings filter": r"""
        import warnings
        def change(i): warnings.simplefilter("error")
        def restore(): warnings.simplefilter("ignore")
        def f(x):
            try:
                warnings.warn("x")
            except UserWarning:
                return "raised"
            return "fine"
        """,
    "warnings filter in library": r"""
        import warnings
        import numpy as np
        def change(i): warnings.simplefilter("error")
        def restore(): warnings.simplefilter("ignore")
        def f(x):
            try:
                return float(np.mean([]))
            except RuntimeWarning:
                return "raised"
        """,
    "warn category class": r"""
        import warnings
        class W(UserWarning): pass
        def change(i): warnings.filterwarnings('error', category=W)
        def restore(): warnings.simplefilter('ignore')
        def f(x):
            try: warnings.warn('x', W)
            except W: return 'raised'
            return 'ok'""",
    "catch_warnings record": r"""
        import warnings
        def change(i): warnings.simplefilter('ignore', UserWarning)
        def f(x):
            with warnings.catch_warnings(record=True) as w:
                warnings.warn('a')
            return len(w)""",
    "recursion limit": r"""
        import sys
        def change(i): sys.setrecursionlimit(3000)
        def restore(): sys.setrecursionlimit(1000)
        def depth(n): return 0 if n == 0 else 1 + depth(n - 1)
        def f(x):
            try:
                return depth(1500)
            except RecursionError:
                return -1""",
    "int max str digits": r"""
        import sys
        def change(i): sys.set_int_max_str_digits(0)
        def restore(): sys.set_int_max_str_digits(4300)
        def f(x):
            try:
                return len(str(10 ** 5000))
            except ValueError:
                return -1""",
    "int str limit arg": r"""
        import sys
        def change(i): sys.set_int_max_str_digits(0)
        def restore(): sys.set_int_max_str_digits(4300)
        def f(x):
            try: return len(f'{10**5000}')
            except ValueError: return -1""",
    "int parse limit": r"""
        import sys
        def change(i): sys.set_int_max_str_digits(0)
        def restore(): sys.set_int_max_str_digits(4300)
        def f(x):
            try: return int('9' * 5000) % 7
            except ValueError: return -1""",
    "deepcopy dispatch": r"""
        import copy
        class A:
            def __init__(self): self.x = 1
        def mine(x, memo):
            a = A(); a.x = 99; return a
        def change(i): copy._deepcopy_dispatch[A] = mine
        def f(x): return copy.deepcopy(A()).x""",
    "copy dispatch": r"""
        import copy
        class A:
            def __init__(self): self.x = 1
        def mine(x):
            a = A(); a.x = 99; return a
        def change(i): copy._copy_dispatch[A] = mine
        def f(x): return copy.copy(A()).x""",
    "copyreg": r"""
        import copyreg, copy
        class A:
            def __init__(self): self.v = 1
        def mk():
            a = A(); a.v = 99; return a
        def change(i): copyreg.pickle(A, lambda a: (mk, ()))
        def f(x): return copy.copy(A()).v""",
    "copyreg helper edit": r"""
        import copyreg, copy
        K = 5 if B else 6
        class A:
            def __init__(self): self.v = 1
        def mk():
            a = A(); a.v = K; return a
        copyreg.pickle(A, lambda a: (mk, ()))
        def f(x): return copy.copy(A()).v""",
    "f_back": r"""
        import sys
        def f(x):
            try:
                raise ValueError
            except ValueError as e:
                fr = e.__traceback__.tb_frame.f_back
                return fr.f_locals.get("name")""",
    "sys._getframe": r"""
        import sys
        def f(x): return sys._getframe(1).f_code.co_name""",
    "inspect.stack": r"""
        import inspect
        def f(x): return [i.function for i in inspect.stack()][1:]""",
    "inspect.currentframe": r"""
        import inspect
        def f(x): return inspect.currentframe().f_back.f_code.co_name""",
    "traceback.extract_stack": r"""
        import traceback
        def f(x): return [s.name for s in traceback.extract_stack()]""",
    "logging getLogger inside": r"""
        import logging
        if B: logging.getLogger('x.q').setLevel(10)
        def f(x): return logging.getLogger('x.q').level""",
    "logging addLevelName": r"""
        import logging
        if B: logging.addLevelName(35, 'MINE')
        def f(x): return logging.getLevelName(35)""",
    "lock state": r"""
        import threading
        L = threading.Lock()
        if B: L.acquire()
        def f(x): return L.locked()""",
    "decimal arg only": r"""
        import decimal
        ARGUMENTS = [(decimal.Decimal(1),)]
        def change(i): decimal.getcontext().prec = 5
        def restore(): decimal.getcontext().prec = 28
        def f(x): return x / 3""",
    "decimal inside tuple arg": r"""
        import decimal
        ARGUMENTS = [((decimal.Decimal(1), 2),)]
        def change(i): decimal.getcontext().prec = 5
        def restore(): decimal.getcontext().prec = 28
        def f(x): return x[0] / 3""",
    "fraction arg made decimal by type()": r"""
        import decimal
        ARGUMENTS = [(decimal.Decimal("1.23456789"),)]
        def change(i): decimal.getcontext().prec = 3
        def restore(): decimal.getcontext().prec = 28
        def f(x): return +x""",
    "np printoptions arg": r"""
        import numpy as np
        ARGUMENTS = [((1.23456789,),)]
        HOW = "memoize"
        ARGUMENTS = [lambda: (np.array([1.23456789]),)]
        def change(i): np.set_printoptions(precision=2)
        def restore(): np.set_printoptions(precision=8)
        def f(x): return str(x)""",
    "np seterr arg": r"""
        import numpy as np
        HOW = "memoize"
        ARGUMENTS = [lambda: (np.array([1.0]), np.array([0.0]))]
        def change(i): np.seterr(all="raise")
        def restore(): np.seterr(all="warn")
        def f(x, y):
            try: return float((x / y)[0])
            except FloatingPointError: return "fp"
        """,
    "pd options arg": r"""
        import pandas as pd
        HOW = "memoize"
        ARGUMENTS = [lambda: (pd.DataFrame({"a": range(100)}),)]
        def change(i): pd.set_option("display.max_rows", 4)
        def restore(): pd.reset_option("display.max_rows")
        def f(x): return str(x)""",
    "datetime arg timestamp via getattr": r"""
        import datetime
        ARGUMENTS = [(datetime.datetime(2020,1,1), "timestamp")]
        def f(d, name): return getattr(d, name)()""",
    "datetime arg astimezone by operator": r"""
        import datetime, operator
        ARGUMENTS = [(datetime.datetime(2020,1,1),)]
        go = operator.methodcaller("timestamp")
        def f(d): return go(d)""",
    "pd sample": r"""
        import pandas as pd
        DF = pd.DataFrame({'a': range(1000)})
        def f(x): return DF.sample(3).a.tolist()""",
    "pd sample arg": r"""
        import pandas as pd
        HOW='memoize'
        ARGUMENTS=[lambda: (pd.DataFrame({'a': range(1000)}),)]
        def f(d): return d.sample(3).a.tolist()""",
    "pd Timestamp now": r"""
        import pandas as pd
        def f(x): return pd.Timestamp.now()""",
    "pd Timestamp string": r"""
        import pandas as pd
        def f(x): return pd.Timestamp('now')""",
    "pd to_datetime now": r"""
        import pandas as pd
        def f(x): return pd.to_datetime('now')""",
    "np strides": r"""
        import numpy as np
        HOW='memoize'
        ARGUMENTS=[lambda: (np.arange(8)[::2] if B else np.arange(0,8,2),)]
        def f(t): return t.strides""",
    "np base": r"""
        import numpy as np
        HOW='memoize'
        ARGUMENTS=[lambda: (np.arange(8)[0:8] if B else np.arange(8),)]
        def f(t): return t.base is None""",
    "np align": r"""
        import numpy as np
        HOW='memoize'
        def mk():
            buf = np.zeros(33, dtype='u1')
            return (buf[1:33].view('f8') if B else buf[:32].view('f8'),)
        ARGUMENTS=[mk]
        def f(t): return t.flags.aligned""",
}


def test_the_second_process_computes(daemon, tmp_path):
    assert not wrong_among(two_sides(tmp_path, CASES))
