"""What results of installed packages depend on beside their arguments: chance, clocks, files, settings, and what the
program has registered."""

import pytest

from batch import Batch, two_sides

#: By package: functions that have to stay in their process, and the word in the reason.
KEPT = {
    "polars sample": "import polars as pl\ndef f(x): return pl.DataFrame({'a': range(1000)}).sample(3)['a'].to_list()",
    "polars shuffle": "import polars as pl\ndef f(x): return pl.Series(range(1000)).shuffle()[:3].to_list()",
    "polars expression": """
        import polars as pl
        def f(x): return pl.DataFrame({'a': range(1000)}).select(pl.col('a').shuffle()).head(3)['a'].to_list()""",
    "polars argument": """
        import polars as pl
        ARGUMENTS = ((pl.DataFrame({'a': range(1000)}),),)
        HOW = "memoize"
        def f(d): return d.sample(3)['a'].to_list()""",
    "polars in a helper": """
        import polars as pl
        def g(d): return d.sample(3)['a'].to_list()
        def f(x): return g(pl.DataFrame({'a': range(1000)}))""",
    "polars imported by it": """
        def f(x):
            import polars
            return polars.DataFrame({'a': range(1000)}).sample(3)['a'].to_list()""",
    "polars sql": """
        import polars as pl
        D = pl.DataFrame({'a': [1]})
        def f(x): return pl.sql('select a from D', eager=True)['a'].to_list()""",
    "pyarrow random": "import pyarrow.compute as pc\ndef f(x): return pc.random(3).to_pylist()",
    "pyarrow call": """
        import pyarrow as pa, pyarrow.compute as pc
        def f(x): return pc.call_function('negate', [pa.array([x])]).to_pylist()""",
    "pyarrow threads": "import pyarrow as pa\ndef f(x): return pa.cpu_count()",
    "dateutil rrule": """
        from dateutil.rrule import rrule, DAILY
        def f(x): return [d.isoformat() for d in rrule(DAILY, count=x)]""",
    "dateutil rrule module": "import dateutil.rrule as r\ndef f(x): return str(r.rrule(r.DAILY, count=x)[0])",
    "dateutil parse": "import dateutil.parser\ndef f(x): return str(dateutil.parser.parse('10:00'))",
    "dateutil parse by name": "from dateutil.parser import parse\ndef f(x): return str(parse('10:00'))",
    "dateutil parser": "from dateutil import parser\ndef f(x): return str(parser.parser().parse('10:00'))",
    "dateutil today": "import dateutil.utils\ndef f(x): return str(dateutil.utils.today())",
    "pydantic future": """
        import pydantic
        class M(pydantic.BaseModel):
            p: pydantic.FutureDate
        def f(x): return str(M(p='2999-12-01').p)""",
    "pydantic future within": """
        import typing, pydantic
        When = pydantic.FutureDate
        class M(pydantic.BaseModel):
            p: typing.List[When]
        def f(x): return str(M(p=['2999-12-01']).p)""",
    "pydantic future as text": """
        from __future__ import annotations
        import pydantic
        When = pydantic.PastDatetime
        class M(pydantic.BaseModel):
            p: When
        def f(x): return str(M(p='1999-12-01').p)""",
    "packaging marker": """
        import packaging.markers
        def f(x): return packaging.markers.Marker('platform_release != ""').evaluate()""",
    "packaging requirement": """
        from packaging.requirements import Requirement
        def f(x): return Requirement('a; python_version > "1"').marker.evaluate()""",
    "packaging tags": "import packaging.tags\ndef f(x): return str(next(packaging.tags.sys_tags()))",
    "psutil": "import psutil\ndef f(x): return psutil.Process().pid",
}
#: Common uses that all processes share.
SHARED = {
    "polars": """
        import polars as pl
        def f(x): return pl.DataFrame({'a': [x, 2], 'b': [1, 1]}).group_by('b').agg(pl.col('a').sum())['a'].to_list()""",
    "polars argument": """
        import polars as pl
        ARGUMENTS = ((pl.DataFrame({'a': range(10)}),),)
        HOW = "memoize"
        def f(d): return d['a'].sum()""",
    "pyarrow": "import pyarrow as pa, pyarrow.compute as pc\ndef f(x): return pc.sum(pa.array([x, 2])).as_py()",
    "dateutil": """
        import datetime
        from dateutil.relativedelta import relativedelta
        def f(x): return str(datetime.date(2020, 1, 31) + relativedelta(months=x))""",
    "dateutil isoparse": "from dateutil.parser import isoparse\ndef f(x): return str(isoparse('2020-01-0%d' % x))",
    "pydantic validator": """
        import pydantic
        class M(pydantic.BaseModel):
            a: int
            @pydantic.field_validator("a")
            @classmethod
            def more(cls, value): return value + 1
            @pydantic.field_serializer("a")
            def told(self, value): return str(value)
        def f(x): return M(a=x).model_dump()""",
    "pydantic": """
        import datetime, pydantic
        class M(pydantic.BaseModel):
            a: int = pydantic.Field(gt=0)
            d: datetime.date = datetime.date(2020, 1, 1)
        def f(x): return M(a=x).model_dump()""",
    "attrs": "import attrs\n@attrs.frozen\nclass M:\n    a: int\ndef f(x): return attrs.asdict(M(x))",
    "packaging": "from packaging.version import Version\ndef f(x): return Version('1.%d' % x) < Version('1.10')",
    "packaging specifier": """
        from packaging.specifiers import SpecifierSet
        def f(x): return SpecifierSet('>=1.2').contains('1.%d' % x)""",
    "numpy": "import numpy as np\ndef f(x): return float(np.linspace(0, x, 5).sum())",
}
#: Edits and settings that the second process has, and the first has not.
SIDED = {
    "pandas, a method that a class inherits": """
        import pandas as pd
        def other(self): return [99]
        if B: pd.RangeIndex.to_list = other
        def f(x): return pd.Index(range(x)).to_list()""",
    "pandas, an operator that a class inherits": """
        import pandas as pd
        if B: pd.RangeIndex.__mul__ = lambda self, other: pd.Index([7])
        def f(x): return list(pd.Index(range(x)) * 2)""",
    "polars namespace": """
        import polars as pl
        @pl.api.register_dataframe_namespace('zy')
        class Z:
            def __init__(self, d): self.d = d
            def go(self): return self.d.height * (2 if B else 1)
        def f(x): return pl.DataFrame({'a': [x]}).zy.go()""",
    "polars namespace of expressions": """
        import polars as pl
        if B:
            @pl.api.register_expr_namespace('zx')
            class Z:
                def __init__(self, d): self.d = d
                def go(self): return self.d * 2
        else:
            @pl.api.register_expr_namespace('zx')
            class Z:
                def __init__(self, d): self.d = d
                def go(self): return self.d
        def f(x): return pl.select(pl.lit(x).zx.go()).item()""",
    "polars rows": """
        import polars as pl
        if B: pl.Config.set_tbl_rows(2)
        def f(x): return str(pl.DataFrame({'a': list(range(5))}))""",
    "polars floats": """
        import polars as pl
        if B: pl.Config.set_float_precision(1)
        def f(x): return str(pl.DataFrame({'a': [1.23456]}))""",
    "polars argument": """
        import polars as pl
        if B: pl.Config.set_tbl_rows(2)
        D = pl.DataFrame({'a': list(range(5))})
        ARGUMENTS = ((D,),)
        HOW = "memoize"
        def f(d): return str(d)""",
    "attrs metadata": """
        import attrs
        @attrs.define
        class M:
            a: int = attrs.field(metadata={'k': 2 if B else 1})
        def f(x): return attrs.fields(M).a.metadata['k']""",
    "attrs validators": """
        import attrs
        @attrs.define
        class M:
            a: int = attrs.field(validator=attrs.validators.instance_of(str))
        def change(place): attrs.validators.set_disabled(B)
        def restore(): attrs.validators.set_disabled(False)
        def f(x):
            try: return M(x).a
            except TypeError: return -1""",
    "pydantic docstring": """
        import pydantic
        class M(pydantic.BaseModel):
            a: int = 3
        M.__doc__ = 'two' if B else 'one'
        def f(x): return M.model_json_schema().get('description')""",
    "pydantic docstring within": """
        import pydantic
        class A(pydantic.BaseModel):
            __doc__ = 'two' if B else 'one'
            a: int = 3
        class C(pydantic.BaseModel):
            x: A = A()
        def f(x): return C.model_json_schema()['$defs']['A']['description']""",
    "pandas type": """
        import pandas as pd
        class T(pd.api.extensions.ExtensionDtype):
            name = 'zz'
            type = int
            @classmethod
            def construct_array_type(cls): return None
        if B: pd.api.extensions.register_extension_dtype(T)
        def f(x):
            try: return str(pd.api.types.pandas_dtype('zz'))
            except TypeError: return None""",
    "numpy buffer": """
        import numpy as np
        def change(place): np.setbufsize(4096 if B else 8192)
        def f(x): return np.getbufsize()""",
}


def packages_of(cases):
    for name in ("polars", "pyarrow", "pydantic", "attrs", "dateutil", "packaging", "psutil", "pandas", "numpy"):
        if any(f"import {name}" in source or f"from {name}" in source for source in cases.values()):
            pytest.importorskip(name)


@pytest.mark.parametrize("name", KEPT)
def test_what_reads_chance_or_the_process_stays_there(daemon, tmp_path, name):
    cases = {name: KEPT[name]}
    packages_of(cases)
    batch = Batch(tmp_path, cases)
    batch.run()
    second = batch.run()[name]
    assert second.hits == 0 and second.scope == "process", second.given
    assert second.reason and "inspected" not in second.reason


def test_paths_that_are_looked_for_count_with_the_directory(daemon, tmp_path):
    source = """
        import pydantic
        class M(pydantic.BaseModel):
            p: pydantic.FilePath
        def f(x):
            try: return str(M(p='here.txt').p)
            except ValueError: return None"""
    pytest.importorskip("pydantic")
    batch = Batch(tmp_path, {"case": source})
    other = tmp_path / "other"
    other.mkdir()
    (other / "here.txt").write_text("")
    environment = {"PYTHONPATH": str(tmp_path)}
    batch.run(**environment)
    second = batch.run(cwd=other, **environment)["case"]
    assert second.given == second.truth == ["'here.txt'", "'here.txt'"]


def test_common_uses_are_shared(daemon, tmp_path):
    packages_of(SHARED)
    batch = Batch(tmp_path, SHARED)
    batch.run()
    for name, outcome in batch.run().items():
        assert outcome.hits == len(outcome.given) and outcome.given == outcome.truth, (name, outcome.reason)


def test_what_the_program_registers_or_sets_counts(daemon, tmp_path):
    packages_of(SIDED)
    for place, (name, source) in enumerate(SIDED.items()):  # apart: a setting of one is none of another
        directory = tmp_path / str(place)
        directory.mkdir()
        outcome = two_sides(directory, {name: source})[name]
        assert outcome.given == outcome.truth or name == "attrs validators", (name, outcome.given, outcome.truth)
        assert outcome.hits == 0, name


def test_a_setting_that_comes_back_finds_its_result_again(daemon, tmp_path):
    pytest.importorskip("polars")
    source = "import polars as pl\ndef f(x): return str(pl.DataFrame({'a': list(range(9))}))"
    batch = Batch(tmp_path, {"case": source})
    batch.run()
    assert batch.run(before="import polars\npolars.Config.set_tbl_rows(2)")["case"].hits == 0
    assert batch.run()["case"].hits == 2


@pytest.mark.parametrize("length, scope", [(900, "shared"), (1_100, "process")])
def test_more_of_a_library_than_is_followed_is_not_left_out(daemon, tmp_path, length, scope):
    libraries = tmp_path / "lib"
    libraries.mkdir()
    lines = [f"def f{place}(x): return x or f{place + 1}(x)" for place in range(length)]
    lines += [f"def f{length}(x): return {'x' if scope == 'shared' else 'os.getpid()'}"]
    (libraries / "zq_long.py").write_text("\n".join(["import os", *lines]))
    batch = Batch(tmp_path, {"case": "import zq_long\ndef f(x): return zq_long.f0(x)"})
    before = f"import memod._identity.modules as modules\nmodules._OUTSIDE += ({str(libraries.resolve())!r},)\n"
    batch.run(PYTHONPATH=str(libraries), before=before)
    second = batch.run(PYTHONPATH=str(libraries), before=before)["case"]
    assert second.scope == scope, second.reason
    assert second.hits == (2 if scope == "shared" else 0)
    assert scope == "shared" or "libraries" in second.reason
