"""Objects that go by several names: to change them by one is to change them by the other."""

from batch import two_sides, wrong_among

#: The second process differs in `B`, and in what `change` does before each call.
CASES = {
    "alias in argument": r"""
        HOW = "memoize"
        def mk():
            x, y = [0], [0]
            return ([x, x] if not B else [x, y],)
        ARGUMENTS = [mk]
        def f(p):
            import copy
            q = copy.deepcopy(p)
            q[0].append(1)
            return len(q[1])""",
    "alias in global": r"""
        X = [0]
        G = [X, X] if not B else [X, [0]]
        def f(x):
            G[0].append(1)
            n = len(G[1])
            G[0].pop()
            return n""",
    "alias between globals": r"""
        X = [0]
        Y = X if not B else [0]
        def f(x):
            X.append(1)
            n = len(Y)
            X.pop()
            return n""",
    "alias between arg tuple": r"""
        class P:
            pass
        HOW = "memoize"
        def mk():
            x, y = [0], [0]
            return (x, x) if not B else (x, y)
        ARGUMENTS = [mk]
        def f(p, q):
            return p is q""",
    "is global": r"""
        X = [0]
        G = [X, X] if not B else [X, [0]]
        def f(x): return G[0] is G[1]""",
    "alias arg and global": r"""
        import copy
        HOW='memoize'
        G = [1]
        ARGUMENTS=[lambda: (G if B else [1],)]
        def f(p):
            G.append(5)
            n = len(p)
            G.pop()
            return n""",
    "alias inside dict arg": r"""
        HOW='memoize'
        def mk():
            x, y = [0], [0]
            return ({'a': x, 'b': x} if B else {'a': x, 'b': y},)
        ARGUMENTS=[mk]
        def f(d): return d['a'] is d['b']""",
    "alias in object arg": r"""
        class P: pass
        HOW='memoize'
        import dataclasses
        @dataclasses.dataclass
        class D:
            a: list
            b: list
        def mk():
            x, y = [0], [0]
            return (D(x, x if B else y),)
        ARGUMENTS=[mk]
        def f(d): return d.a is d.b""",
    "alias of receiver": r"""
        import memod
        class A:
            def __init__(self, x, y): self.x, self.y = x, y
            @memod.cache
            def go(self): return self.x is self.y
            def __hash__(self): return 1
            def __eq__(self, o): return self is o
        def f(x):
            return OBJ.go()
        p, q = [1], [1]
        OBJ = A(p, p if B else q)""",
    "alias numpy args": r"""
        import numpy as np
        HOW='memoize'
        def mk():
            a = np.zeros(3)
            return (a, a if B else np.zeros(3))
        ARGUMENTS=[mk]
        def f(a, b): return a is b""",
    "cyclic list arg": r"""
        HOW='memoize'
        def mk():
            a = [1]; a.append(a if B else [1])
            return (a,)
        ARGUMENTS=[mk]
        def f(a): return a[1] is a""",
    "alias in global dict values": r"""
        X = [0]
        G = {'a': X, 'b': X if B else [0]}
        def f(x): return G['a'] is G['b']""",
    "alias global object attr": r"""
        class A: pass
        a = A(); a.l = [0]
        G = a.l if B else [0]
        def f(x): return a.l is G""",
    "alias default and global": r"""
        G = [0]
        def g(x, a=G if B else [0]): return a is G
        def f(x): return g(x)""",
    "alias class attrs": r"""
        class A: p = [0]
        class Q: p = A.p if B else [0]
        def f(x): return A.p is Q.p""",
}


def test_the_second_process_computes(daemon, tmp_path):
    assert not wrong_among(two_sides(tmp_path, CASES))
