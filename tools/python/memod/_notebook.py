"""The magics of IPython and Jupyter: `%memod stats|why|clear` and `%%memo`."""

from __future__ import annotations

import ast
import hashlib
import symtable
import sys
from types import ModuleType
from typing import Any, Dict, List, NamedTuple, Set, Tuple

from ._client.client import Client
from ._client.complaint import complain
from ._client.errors import MemodError, NotKeptWarning
from ._client.signals import pass_signal
from ._decorator import sync_runner
from ._decorator.decorator import memoize, memoized_functions
from ._decorator.shared import SharedFunction
from ._identity import modules
from ._identity.fingerprint import Fingerprint
from ._identity.plain_data import Unstable

_USAGE = "%memod stats [FUNCTION] | why CALL | clear [FUNCTION]"
_TEXT_MAX = 1 << 20
_SHOWN = "_memod_shown"


def load(shell: Any) -> None:
    """Registers the magics."""
    magics = _Magics(shell)
    shell.register_magic_function(magics.memod, "line", "memod")
    shell.register_magic_function(magics.memo, "cell", "memo")


class _Magics:
    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._cells: Dict[str, SharedFunction] = {}

    def memod(self, line: str) -> None:
        """%memod stats [FUNCTION]   what the daemon has, or what it has of a function
        %memod why f(1, 2)        whether the result of a call is kept, and if not, why
        %memod clear [FUNCTION]   forgets the results of a function, or of all of this notebook's"""
        command, _, rest = line.strip().partition(" ")
        action = {"stats": self._stats, "why": self._why, "clear": self._clear}.get(command)
        if action is None:
            print(f"usage: {_USAGE}")
            return
        try:
            action(rest.strip())
        except MemodError as error:
            print(f"memod: {error}")

    def _function(self, text: str) -> Any:
        """The memoized function that goes by a name in the notebook, or None."""
        found = self._shell.user_ns.get(text)
        for part in text.split(".")[1:] if found is None else ():
            found = self._shell.user_ns.get(text.split(".")[0]) if found is None else found
            found = getattr(found, part, None)
        return found if callable(getattr(found, "cache_clear", None)) else None

    def _stats(self, name: str) -> None:
        function = self._function(name) if name else None
        if function is not None:
            print(function.cache_info())
            scope = function.cache_scope()
            print(f"{scope}: {scope.reason}" if scope.reason else str(scope))
            shared = getattr(function, "__memod__", None)
            if shared is None or scope != "shared":
                return
            name = shared.identity.enter()
            shared.identity.leave(False)
        with Client() as client:
            if name:
                info = client.info(name)
                print("daemon: " + ", ".join(f"{word} {info[word]}" for word in _OF_FUNCTIONS))
                return
            stats = client.stats()
            print(
                f"{stats['hits']} hits, {stats['misses']} misses, {stats['currsize']} entries, "
                f"{stats['saved_ms'] / 1000:.1f} s of computing saved"
            )
            rows = client.functions(limit=1000)["functions"]
        rows.sort(key=lambda row: -row["hits"] - row["misses"])
        for row in rows[:20]:
            print("  ".join([f"{row[word]:>8}" for word in _OF_FUNCTIONS] + [row["fn"]]))

    def _why(self, text: str) -> None:
        try:
            call = ast.parse(text, mode="eval").body
        except SyntaxError:
            call = None
        if not isinstance(call, ast.Call):
            print("usage: %memod why f(1, 2)")
            return
        arguments = ast.Call(ast.Name("_memod_arguments", ast.Load()), call.args, call.keywords)
        expression = ast.fix_missing_locations(ast.Expression(arguments))
        space = dict(self._shell.user_ns, _memod_arguments=lambda *args, **kwds: (args, kwds))
        try:
            args, kwds = eval(compile(expression, "<memod>", "eval"), space)
            function = eval(compile(ast.Expression(call.func), "<memod>", "eval"), space)
        except Exception as error:
            pass_signal(error)
            print(f"memod: {type(error).__name__}: {error}")
            return
        owner = getattr(function, "__self__", None)
        if owner is not None and hasattr(getattr(type(owner), function.__name__, None), "cache_scope"):
            function, args = getattr(type(owner), function.__name__), (owner, *args)
        if not hasattr(function, "explain"):
            print(f"{ast.unparse(call.func)} is not memoized")
            return
        print(function.explain(*args, **kwds))

    def _clear(self, name: str) -> None:
        if name:
            function = self._function(name)
            if function is not None:
                function.cache_clear()
                print(f"{name} is forgotten")
                return
            with Client() as client:
                print(f"{client.clear(name)} entries of {name} are forgotten")
            return
        count = 0
        for shared in memoized_functions():
            if getattr(shared.function, "__module__", None) == "__main__":
                shared.clear_here()
                sync_runner.run(shared.clear_there())
                count += 1
        print(f"the results of {count} functions of this notebook are forgotten")

    def memo(self, line: str, cell: str) -> Any:
        """%%memo runs a cell once for what it says, the code that it calls and the data that it reads, and from then on
        sets the names that it assigns, prints what it printed and shows what it showed. Imports at its beginning
        are always made. Names after `%%memo` are those to keep, where not all that it assigns."""
        space = self._shell.user_ns
        try:
            plan = _plan(self._shell.transform_cell(cell), line.split())
            if plan.imports:
                exec(compile(ast.Module(plan.imports, []), "<memo>", "exec"), space)
            inputs, name = _identity(plan, space)
        except _Unfit as reason:
            complain(f"the cell is run, and not remembered: {reason}", NotKeptWarning)
            self._shell.run_cell(cell)  # which shows what it shows
            return None
        shared = self._cells.get(name)
        if shared is None:
            shared = self._cells[name] = _shared(name)
        flight = sync_runner.begin(shared, (inputs,), {})
        if flight.found:
            values, text, shown = flight.value
            sys.stdout.write(text)
            space.update(values)
            return shown
        try:
            with _Tee() as tee:
                exec(compile(ast.Module(plan.body, []), "<memo>", "exec"), space)
        except BaseException:
            sync_runner.abandon(shared, flight)
            raise
        shown = space.pop(_SHOWN, None)
        values = {each: space[each] for each in plan.names if each in space}
        sync_runner.finish(shared, flight, (values, tee.text(), shown))
        return shown


_OF_FUNCTIONS = ("hits", "misses", "currsize", "saved_ms")


def _shared(name: str) -> SharedFunction:
    def cell(inputs: Any) -> Any:
        """What the daemon knows of a cell."""

    found: SharedFunction = memoize(name=name)(cell).__memod__  # type: ignore[attr-defined]
    return found


class _Unfit(Exception):
    """Why a cell cannot be remembered."""


class _Plan(NamedTuple):
    imports: List[ast.stmt]
    body: List[ast.stmt]
    reads: Set[str]
    names: List[str]  # to keep


def _plan(source: str, chosen: List[str]) -> _Plan:
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise _Unfit(f"it is no plain Python: {error.msg}") from None
    imports: List[ast.stmt] = []
    while statements and isinstance(statements[0], (ast.Import, ast.ImportFrom)):
        imports.append(statements.pop(0))
    assigned: Set[str] = set()
    reads: Set[str] = set()
    for statement in statements:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            raise _Unfit(f"it defines {statement.name}, which belongs into a cell of its own")
        if any(isinstance(each, (ast.Delete, ast.Global, ast.Import, ast.ImportFrom)) for each in ast.walk(statement)):
            raise _Unfit("it deletes names, or imports below its beginning")
        used, bound = _names_of(statement)
        reads |= used - assigned
        assigned |= bound
    if "get_ipython" in reads:
        raise _Unfit("it uses magics or the shell")
    unknown = [name for name in chosen if name not in assigned]
    if unknown:
        raise _Unfit(f"it does not assign {', '.join(unknown)}")
    names = sorted(chosen or (name for name in assigned if not name.startswith("_")))
    if statements and isinstance(statements[-1], ast.Expr) and not source.rstrip().endswith(";"):
        last = statements.pop()
        assert isinstance(last, ast.Expr)
        statements.append(ast.Assign([ast.Name(_SHOWN, ast.Store())], last.value))
        ast.copy_location(statements[-1], last)
    for statement in statements:
        ast.fix_missing_locations(statement)
    return _Plan(imports, statements, reads, names)


def _names_of(statement: ast.stmt) -> Tuple[Set[str], Set[str]]:
    """The names that a statement may read from outside, and those that it binds."""
    used: Set[str] = set()
    bound: Set[str] = set()
    try:
        table = symtable.symtable(ast.unparse(statement), "<memo>", "exec")
    except SyntaxError as error:
        raise _Unfit(f"it is no plain Python: {error.msg}") from None
    tables = [table]
    while tables:
        each = tables.pop()
        tables.extend(each.get_children())
        for symbol in each.get_symbols():
            if each is table and symbol.is_assigned():
                bound.add(symbol.get_name())
            if symbol.is_referenced() and (each is table or symbol.is_global()):
                used.add(symbol.get_name())
    for node in ast.walk(statement):
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            used.add(node.target.id)
        elif isinstance(node, ast.NamedExpr):
            bound.add(node.target.id)
    if isinstance(statement, ast.For) and isinstance(statement.target, ast.Name):
        sources = {each.id for each in ast.walk(statement.iter) if isinstance(each, ast.Name)}
        used -= {statement.target.id} - sources
    return used, bound


def _identity(plan: _Plan, space: Dict[str, Any]) -> Tuple[Dict[str, Any], str]:
    """The data that the cell reads, and a name for the rest: its text, and the code that it reaches."""
    inputs: Dict[str, Any] = {}
    code: List[str] = []
    for name in sorted(plan.reads):
        if name in space:
            value = space[name]
            if isinstance(value, (ModuleType, type)) or callable(value):
                code.append(name)
            else:
                inputs[name] = value
    # A function that is never called: it has the cell's code, and its data for parameters.
    arguments = ast.arguments([], [ast.arg(name) for name in inputs], None, [], [], None, [])
    body = plan.body or [ast.Pass()]
    definition: Any = ast.parse("def memo(): pass").body[0]
    definition.args, definition.body = arguments, body
    holder: Dict[str, Any] = {}
    module = ast.fix_missing_locations(ast.Module([definition], []))
    exec(compile(module, "<memo>", "exec"), space, holder)
    function = holder["memo"]
    function.__module__ = "__main__"
    try:
        found = Fingerprint(function, modules.top_level("__main__"))
    except Unstable as error:
        raise _Unfit(str(error)) from None
    text = "\n".join(ast.dump(statement) for statement in plan.body) + repr(plan.names)
    mark = hashlib.sha256(f"{found.digest}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()[:24]
    return inputs, f"%%memo@{mark}"


class _Tee:
    """Keeps what is printed, besides printing it."""

    def __enter__(self) -> _Tee:
        self._stream: Any = sys.stdout
        self._parts: List[str] = []
        self._size = 0
        sys.stdout = self
        return self

    def __exit__(self, *_: object) -> None:
        sys.stdout = self._stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> Any:
        if self._size < _TEXT_MAX:
            self._parts.append(text)
            self._size += len(text)
        return self._stream.write(text)

    def text(self) -> str:
        return "".join(self._parts)
