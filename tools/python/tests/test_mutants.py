"""Every small change of code that may change what it does is another form of it, in each version of Python."""

import ast
import copy
import warnings

from memod._identity.code_form import CodeForm

SOURCE = '''
def f(x, y=1, *a, k=2, **kw):
    t = [i * 2 for i in x if i > 3 and i != 7]
    s = {i: j for i, j in y} if x else {1, 2, 3}
    u = f"{x!r:>{y}} and {k:.2f}" + "%d" % k
    try:
        with open(x, mode="r") as h, lock:
            z = h.read(10)
    except (ValueError, KeyError) as e:
        raise TypeError("no") from e
    else:
        z = x[1:2:3]
    finally:
        done(a=1, b=x)
    while x < y <= k:
        x += 1
        if x is None or x not in t: continue
        if not x: break
    for i, (p, *q) in enumerate(x, start=1): yield i
    g = lambda v, w=3: v ** w // 2 % 5 - -v
    del t[0]
    G = x.attr.other
    x.attr = ~y << 2 >> 1 & 3 | 4 ^ 5
    assert x, "msg"
    r = call(*a, x, n=y, **kw)
    return g(x, y)[k] @ r if x == y else (yield from x)
async def h(x):
    async with x as y:
        async for z in y: await z
    return [i async for i in x]
'''
OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.MatMult, ast.Mod, ast.Pow, ast.BitOr)
COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq, ast.Is, ast.IsNot, ast.In, ast.NotIn)


def changes(node):
    """Pairs of what is changed, and a function that changes a copy of the node."""
    if isinstance(node, ast.Constant) and node.value is not None:
        value = node.value + ("x" if isinstance(node.value, str) else 1)
        yield "constant", lambda n: setattr(n, "value", value)
    for field in ("id", "attr", "arg"):
        if isinstance(getattr(node, field, None), str):
            yield field, lambda n, field=field: setattr(n, field, getattr(n, field) + "_")
    if isinstance(node, (ast.BinOp, ast.AugAssign)):
        for kind in OPERATORS:
            if not isinstance(node.op, kind):
                yield kind.__name__, lambda n, kind=kind: setattr(n, "op", kind())
    if isinstance(node, ast.Compare):
        for place in range(len(node.ops)):
            for kind in COMPARISONS:
                if not isinstance(node.ops[place], kind):
                    yield kind.__name__, lambda n, place=place, kind=kind: n.ops.__setitem__(place, kind())
    if isinstance(node, ast.UnaryOp):
        for kind in (ast.USub, ast.UAdd, ast.Invert, ast.Not):
            if not isinstance(node.op, kind):
                yield kind.__name__, lambda n, kind=kind: setattr(n, "op", kind())
    if isinstance(node, ast.BoolOp):
        other = ast.And if isinstance(node.op, ast.Or) else ast.Or
        yield "bool", lambda n: setattr(n, "op", other())
    if isinstance(node, ast.FormattedValue):
        for conversion in (-1, 114, 115, 97):
            if conversion != node.conversion:
                yield "conversion", lambda n, conversion=conversion: setattr(n, "conversion", conversion)
    if isinstance(node, ast.Call) and len(node.args) > 1:
        yield "arguments", lambda n: n.args.reverse()
    if isinstance(node, ast.Call) and len(node.keywords) > 1 and all(each.arg for each in node.keywords):
        yield "keywords", lambda n: [setattr(k, "arg", o) for k, o in zip(n.keywords, [k.arg for k in n.keywords[::-1]])]
    for field in ("body", "orelse"):
        body = getattr(node, field, None)
        for place in range(len(body) - 1 if isinstance(body, list) else 0):
            yield f"{field} without", lambda n, field=field, place=place: getattr(n, field).__delitem__(place)
            yield (
                f"{field} in another order",
                lambda n, field=field, place=place: getattr(n, field).insert(place, getattr(n, field).pop(place + 1)),
            )


def test_every_mutant_has_a_form_of_its_own():
    tree = ast.parse(SOURCE)
    known = CodeForm(compile(copy.deepcopy(tree), "x", "exec")).digest
    count, unnoticed = 0, []
    for place, node in enumerate(ast.walk(tree)):
        for what, change in changes(node):
            mutant = copy.deepcopy(tree)
            change(list(ast.walk(mutant))[place])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    code = compile(ast.fix_missing_locations(mutant), "x", "exec")
                except (SyntaxError, ValueError, TypeError):
                    continue
            count += 1
            if CodeForm(code).digest == known:
                unnoticed.append((what, getattr(node, "lineno", None)))
    assert count > 300 and not unnoticed
