"""Code that is found in data, in models' fields, and in tables of generic functions."""

from batch import two_sides, wrong_among

#: The second process differs in `B`, and in what `change` does before each call.
CASES = {
    "dict of functions swapped": r"""
        def a(x): return 1
        def b(x): return 2
        T = {'k': a}
        def change(i):
            if i: T['k'] = b
        def f(x): return T['k'](x)""",
    "dict of lambdas swapped": r"""
        T = {'k': lambda x: 1}
        def change(i):
            if i: T['k'] = lambda x: 2
        def f(x): return T['k'](x)""",
    "list of classes swapped": r"""
        class P: v = 1
        class Q: v = 2
        T = [P]
        def change(i):
            if i: T[0] = Q
        def f(x): return T[0].v""",
    "instance attr fn swapped": r"""
        class P: pass
        p = P(); p.go = lambda: 1
        def change(i):
            if i: p.go = lambda: 2
        def f(x): return p.go()""",
    "instance class swapped late": r"""
        class P:
            def go(self): return 1
        class Q:
            def go(self): return 2
        p = [P()]
        def change(i):
            if i: p[0].__class__ = Q
        def f(x): return p[0].go()""",
    "builtin in dict swapped": r"""
        T = {'k': min}
        def change(i):
            if i: T['k'] = max
        def f(x): return T['k'](x, 5)""",
    "itemgetter swapped": r"""
        import operator
        T = {'k': operator.itemgetter(0)}
        def change(i):
            if i: T['k'] = operator.itemgetter(1)
        def f(x): return T['k']([1, 2])""",
    "plugin registry decorator late": r"""
        REG = {}
        def plugin(n):
            def d(g):
                REG[n] = g
                return g
            return d
        @plugin('a')
        def pa(x): return 1
        def change(i):
            if i:
                @plugin('a')
                def pb(x): return 2
        def f(x): return REG['a'](x)""",
    "observer list late": r"""
        OBS = []
        def change(i):
            if i: OBS[:] = [lambda x: x + 100]
        def f(x):
            for o in OBS: x = o(x)
            return x""",
    "pydantic method edit": r"""
        import pydantic
        from typing import Annotated, Optional
        class M(pydantic.BaseModel):
            a: int
            def go(self): return self.a * (2 if B else 1)
        def f(x): return M(a=x).go()""",
    "pydantic default": r"""
        import pydantic
        from typing import Annotated, Optional
        class M(pydantic.BaseModel):
            a: int = 2 if B else 1
        def f(x): return M().a""",
    "pydantic default obj": r"""
        import pydantic
        from typing import Annotated, Optional
        class O:
            def __init__(self, v): self.v = v
            def __repr__(self): return 'O'
        class M(pydantic.BaseModel):
            model_config = dict(arbitrary_types_allowed=True)
            a: O = O(2 if B else 1)
        def f(x): return M().a.v""",
    "pydantic factory": r"""
        import pydantic
        from typing import Annotated, Optional
        class M(pydantic.BaseModel):
            a: int = pydantic.Field(default_factory=(lambda: 2) if B else (lambda: 1))
        def f(x): return M().a""",
    "pydantic constraint": r"""
        import pydantic
        from typing import Annotated, Optional
        class M(pydantic.BaseModel):
            a: int = pydantic.Field(gt=5 if B else 0)
        def f(x):
            try: return M(a=x).a
            except pydantic.ValidationError: return 'bad'""",
    "pydantic validator fn": r"""
        import pydantic
        from typing import Annotated, Optional
        def v1(x): return x + 1
        def v2(x): return x + 2
        class M(pydantic.BaseModel):
            a: Annotated[int, pydantic.AfterValidator(v2 if B else v1)]
        def f(x): return M(a=x).a""",
    "pydantic validator helper global": r"""
        import pydantic
        from typing import Annotated, Optional
        K = 2 if B else 1
        def v1(x): return x + K
        class M(pydantic.BaseModel):
            a: Annotated[int, pydantic.AfterValidator(v1)]
        def f(x): return M(a=x).a""",
    "pydantic nested annotated in Optional": r"""
        import pydantic
        from typing import Annotated, Optional
        def v1(x): return x + 1
        def v2(x): return x + 2
        class M(pydantic.BaseModel):
            a: Optional[Annotated[int, pydantic.AfterValidator(v2 if B else v1)]] = None
        def f(x): return M(a=x).a""",
    "pydantic field_validator K": r"""
        import pydantic
        from typing import Annotated, Optional
        K = 2 if B else 1
        class M(pydantic.BaseModel):
            a: int
            @pydantic.field_validator('a')
            @classmethod
            def check(cls, v): return v + K
        def f(x): return M(a=x).a""",
    "pydantic model_validator": r"""
        import pydantic
        from typing import Annotated, Optional
        K = 2 if B else 1
        class M(pydantic.BaseModel):
            a: int
            @pydantic.model_validator(mode='after')
            def check(self):
                self.a += K
                return self
        def f(x): return M(a=x).a""",
    "pydantic computed": r"""
        import pydantic
        from typing import Annotated, Optional
        K = 2 if B else 1
        class M(pydantic.BaseModel):
            a: int
            @pydantic.computed_field
            @property
            def b(self) -> int: return self.a * K
        def f(x): return M(a=x).model_dump()""",
    "pydantic serializer": r"""
        import pydantic
        from typing import Annotated, Optional
        K = 2 if B else 1
        class M(pydantic.BaseModel):
            a: int
            @pydantic.field_serializer('a')
            def ser(self, v): return v * K
        def f(x): return M(a=x).model_dump()""",
    "pydantic config": r"""
        import pydantic
        from typing import Annotated, Optional
        class M(pydantic.BaseModel):
            model_config = dict(extra='allow' if B else 'ignore')
            a: int
        def f(x): return M(a=x, b=2).model_dump()""",
    "pydantic private factory": r"""
        import pydantic
        from typing import Annotated, Optional
        class M(pydantic.BaseModel):
            a: int
            _p: int = pydantic.PrivateAttr(default_factory=(lambda: 2) if B else (lambda: 1))
        def f(x): return M(a=x)._p""",
    "pydantic decorator order": r"""
        import pydantic
        from typing import Annotated, Optional
        class M(pydantic.BaseModel):
            a: int
            @pydantic.field_validator('a', mode='before' if B else 'after')
            @classmethod
            def check(cls, v): return v if isinstance(v, int) else 0
        def f(x): return M(a=str(x)).a""",
    "pydantic type class schema": r"""
        import pydantic
        from typing import Annotated, Optional
        K = 2 if B else 1
        from pydantic_core import core_schema
        class T:
            @classmethod
            def __get_pydantic_core_schema__(cls, s, h): return core_schema.no_info_plain_validator_function(lambda v: v * K)
        class M(pydantic.BaseModel):
            a: T
        def f(x): return M(a=x).a""",
    "attrs default": r"""
        import attr, attrs
        @attrs.define
        class M:
            a: int = 2 if B else 1
        def f(x): return M().a""",
    "attrs converter": r"""
        import attr, attrs
        K = 2 if B else 1
        def conv(v): return v * K
        @attrs.define
        class M:
            a: int = attrs.field(converter=conv)
        def f(x): return M(x).a""",
    "attrs validator deco": r"""
        import attr, attrs
        K = 2 if B else 0
        @attrs.define
        class M:
            a: int = attrs.field()
            @a.validator
            def check(self, attribute, v):
                if v < K: raise ValueError
        def f(x):
            try: return M(x).a
            except ValueError: return 'bad'""",
    "attrs factory self": r"""
        import attr, attrs
        K = 2 if B else 1
        @attrs.define
        class M:
            a: int
            b: int = attrs.field(default=attrs.Factory(lambda self: self.a * K, takes_self=True))
        def f(x): return M(x).b""",
    "attrs eq flag": r"""
        import attr, attrs
        @attrs.define(eq=not B)
        class M:
            a: int
        def f(x): return M(x) == M(x)""",
    "attrs eq key": r"""
        import attr, attrs
        @attrs.define
        class M:
            a: str = attrs.field(eq=str.lower if B else None)
        def f(x): return M('A') == M('a')""",
    "attrs order": r"""
        import attr, attrs
        @attrs.define(order=B)
        class M:
            a: int
        def f(x):
            try: return M(x) < M(x + 1)
            except TypeError: return 'no'""",
    "attrs post init": r"""
        import attr, attrs
        K = 2 if B else 1
        @attrs.define
        class M:
            a: int
            def __attrs_post_init__(self): self.a += K
        def f(x): return M(x).a""",
    "attrs frozen flag": r"""
        import attr, attrs
        @attrs.define(frozen=B)
        class M:
            a: int
        def f(x):
            m = M(x)
            try: m.a = 5
            except Exception: return 'frozen'
            return m.a""",
    "attrs init false": r"""
        import attr, attrs
        @attrs.define
        class M:
            a: int = attrs.field(init=not B, default=9)
        def f(x):
            try: return M(x).a
            except TypeError: return M().a""",
    "attrs on_setattr": r"""
        import attr, attrs
        @attrs.define(on_setattr=attrs.setters.frozen if B else None)
        class M:
            a: int
        def f(x):
            m = M(x)
            try: m.a = 5
            except Exception: return 'frozen'
            return m.a""",
    "singledispatch impl edit": r"""
        import functools
        K = 2 if B else 1
        @functools.singledispatch
        def g(x): return 0
        @g.register(int)
        def h(x): return K
        def f(x): return g(x)""",
    "singledispatch later after first": r"""
        import functools
        @functools.singledispatch
        def g(x): return 0
        @g.register(int)
        def h(x): return 1
        def change(i):
            if i: g.register(int, lambda x: 2)
        def f(x): return g(x)""",
    "singledispatch abc": r"""
        import functools
        import collections.abc
        class Q: pass
        @functools.singledispatch
        def g(x): return 0
        @g.register(collections.abc.Sized)
        def h(x): return 1
        if B: collections.abc.Sized.register(Q)
        def f(x): return g(Q())""",
    "singledispatchmethod later": r"""
        import functools
        class A:
            @functools.singledispatchmethod
            def g(self, x): return 0
            @g.register
            def _(self, x: int): return 1
        def change(i):
            if i: A.__dict__['g'].register(int, lambda self, x: 2)
        def f(x): return A().g(x)""",
}
#: These are shared.
SHARED = {
    "pydantic method": r"""
        import pydantic
        from typing import Annotated, Optional
        class M(pydantic.BaseModel):
            a: int
            def go(self): return self.a * 2
        def f(x): return M(a=x).go()""",
    "pydantic nested": r"""
        import pydantic
        from typing import Annotated, Optional
        class N(pydantic.BaseModel):
            b: int = 1
        class M(pydantic.BaseModel):
            a: Optional[N] = None
            c: list[N] = []
        def f(x): return M(a=N(b=x), c=[{'b': 2}]).model_dump()""",
    "attrs": r"""
        import attr, attrs
        @attrs.define
        class M:
            a: int = attrs.field(converter=int)
            b: list = attrs.field(factory=list)
            def go(self): return self.a
        def f(x): return M(str(x)).go()""",
    "attrs frozen": r"""
        import attr, attrs
        @attrs.frozen
        class M:
            a: int
        def f(x): return M(x).a""",
    "singledispatch": r"""
        import functools
        @functools.singledispatch
        def g(x): return 0
        @g.register
        def _(x: int): return 1
        def f(x): return g(x)""",
    "singledispatchmethod": r"""
        import functools
        class A:
            @functools.singledispatchmethod
            def g(self, x): return 0
            @g.register
            def _(self, x: int): return 1
        def f(x): return A().g(x)""",
    "adj sets": r"""
        import collections
        def f(x):
            adj = collections.defaultdict(set)
            adj['a'].add('b')
            n = 'node'
            return f'{n} {len(adj)}' + str(x)""",
    "sets membership": r"""
        def f(x):
            seen = set()
            out = []
            for c in 'banana':
                if c not in seen:
                    seen.add(c); out.append(c)
            return ''.join(out)""",
}


def test_the_second_process_computes(daemon, tmp_path):
    assert not wrong_among(two_sides(tmp_path, CASES), last_only=True)


def test_what_is_the_same_is_shared(daemon, tmp_path):
    wrong = []
    for case, outcome in two_sides(tmp_path, SHARED).items():
        if outcome.given != outcome.truth or outcome.scope != "shared" or outcome.hits == 0:
            wrong.append((case, outcome.given, outcome.truth, outcome.reason, outcome.hits))
    assert not wrong
