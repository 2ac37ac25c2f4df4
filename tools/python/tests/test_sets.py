"""The order of sets, which is another in each process, wherever it comes to decide something."""

from batch import Batch

#: In each the order decides; `W` is a set of words.
DECIDES = {
    "global": "S = set('abcdefgh')\ndef f(x): return list(S)",
    "global, filled later": "S = set()\nfor c in 'abcdefgh': S.add(c)\ndef f(x): return [c for c in S]",
    "global frozenset": "S = frozenset('abcdefgh')\ndef f(x):\n    out = []\n    for c in S: out.append(c)\n    return out",
    "within a global": "D = {'k': set('abcdefgh')}\ndef f(x): return [c for c in D['k']]",
    "of a global object": "class O:\n    def __init__(self): self.s = set('abcdefgh')\nO = O()\ndef f(x): return ''.join(O.s)",
    "of a class": "class K:\n    S = frozenset('abcdefgh')\ndef f(x): return [*K.S]",
    "returned": "def g(): return set('abcdefgh')\ndef f(x): return list(g())",
    "returned by way of two": "def g(): return set('abcdefgh')\ndef h(): return g()\ndef f(x):\n    for c in h(): return c",
    "returned in a tuple": "def g(): return 1, set('abcdefgh')\ndef f(x):\n    n, s = g()\n    return list(s)",
    "of a method": "class K:\n    def s(self): return set('abcdefgh')\n    def go(self): return [c for c in self.s()]\ndef f(x): return K().go()",
    "of an attribute": "class K:\n    def __init__(self): self.s = set('abcdefgh')\ndef f(x): return list(K().s)",
    "of a dataclass": """
        from dataclasses import dataclass, field
        @dataclass
        class D:
            s: set = field(default_factory=set)
        def f(x):
            d = D()
            d.s.update('abcdefgh')
            return ''.join(d.s)""",
    "handed in": "def g(s): return list(s)\ndef f(x): return g(set('abcdefgh'))",
    "filled in a loop": "def f(x):\n    s = set()\n    for c in 'abcdefgh': s.add(c)\n    return list(s)",
    "in a dict of sets": """
        from collections import defaultdict
        def f(x):
            d = defaultdict(set)
            for c in 'abcdefgh': d[x].add(c)
            return list(d[x])""",
    "setdefault": "def f(x):\n    d = {}\n    for c in 'abcdefgh': d.setdefault(x, set()).add(c)\n    return [c for c in d[x]]",
    "closure": "def f(x):\n    s = set('abcdefgh')\n    def g(): return list(s)\n    return g()",
    "difference": "def f(x):\n    a, b = set('abcdefgh'), set('ab')\n    return list(a - b)",
    "of views": "def f(x): return list(dict.fromkeys('abcdefgh').keys() - {'a'})",
    "union by method": "def f(x): return list(set('abcd').union('efgh'))",
    "repr": "def f(x): return repr(set('abcdefgh'))",
    "str": "def f(x): return str(set('abcdefgh'))",
    "f-string": "def f(x):\n    s = set('abcdefgh')\n    return f'{s}'",
    "format": "def f(x): return '{}'.format(set('abcdefgh'))",
    "percent": "def f(x): return '%s' % set('abcdefgh')",
    "min with a key": "def f(x): return min(set('abcdefgh'), key=len)",
    "sorted with a key": "def f(x): return sorted(set('abcdefgh'), key=len)",
    "comprehension": "def f(x): return {w: i for i, w in enumerate({c * 2 for c in 'abcdefgh'})}",
    "unpacked": "def f(x):\n    a, *b = set('abcdefgh')\n    return a, b",
    "argument within": "ARGUMENTS = [((1, frozenset('abcdefgh')),)]\ndef f(pair): return list(pair[1])",
    "conditional": "def f(x):\n    s = set('abcdefgh') if x else set('ij')\n    return list(s)",
    "walrus": "def f(x): return list(s) if (s := set('abcdefgh')) else 0",
    "starred call": "def g(*a): return a\ndef f(x): return g(*set('abcdefgh'))",
}
#: In these it does not.
SHARED = {
    "membership": "S = {'a', 'b'}\ndef f(x): return 'a' in S, 'c' in {'c', 'd', str(x)}",
    "seen": """
        def f(x):
            seen, out = set(), []
            for w in 'abcabc':
                if w in seen: continue
                seen.add(w)
                out.append(w)
            return out""",
    "sorted": "S = set('abcdefgh')\ndef g(): return set('xyz')\ndef f(x): return sorted(S), sorted(g()), len(S), max(S)",
    "operators": "def f(x): return sorted(set('abc') & set('bcd')), set('ab') <= set('abc'), set('ab') == {'a', 'b'}",
    "returned": "def f(x): return {'a', 'b', str(x)}",
    "numbers": "S = {1, 2, 3}\ndef f(x): return [n for n in S], [n for n in {4, 5}], list(set(range(9)))",
    "lists beside": "def f(x):\n    words = ['b', 'a']\n    unique = set(words)\n    return [w for w in words], len(unique)",
    "sets in a dict": """
        def f(x):
            needs, order = {'a': {'b'}, 'b': set()}, []
            while needs:
                ready = sorted(name for name, left in needs.items() if not left)
                for name in ready:
                    del needs[name]
                    order.append(name)
                for place, left in enumerate(needs.values()):
                    left -= set(ready)
            return order""",
    "dicts": "D = {'b': 1, 'a': 2}\ndef f(x): return list(D), [k for k in D], {k: v for k, v in D.items()}",
}


def test_what_the_order_of_a_set_decides_stays_in_the_process(daemon, tmp_path):
    batch = Batch(tmp_path, DECIDES)
    for seed in (1, 2):
        outcomes = batch.run(seed=seed)
    wrong = {case: each.reason for case, each in outcomes.items() if each.hits or each.given != each.truth}
    assert not wrong


def test_sets_whose_order_does_not_matter_are_shared(daemon, tmp_path):
    batch = Batch(tmp_path, SHARED)
    for seed in (1, 2):
        outcomes = batch.run(seed=seed)
    assert {case: each.reason for case, each in outcomes.items() if each.hits != 2} == {}
    assert all(each.given == each.truth or case == "returned" for case, each in outcomes.items())


def test_where_the_order_is_the_same_everywhere_it_is_shared(daemon, tmp_path):
    batch = Batch(tmp_path, {"list": "def f(x): return list(set('abcdefgh'))"})
    for _ in range(2):
        outcomes = batch.run(seed=0)
    assert outcomes["list"].hits == 2 and outcomes["list"].scope == "shared"
