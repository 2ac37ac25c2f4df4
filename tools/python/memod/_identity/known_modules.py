"""What results of the standard library depend on, and those of packages that are known.

`pure` depends on its arguments alone. `directory` and the like are inputs of the process that become a part of the
identity (`ambient_inputs`). The rest keeps a function in its process: `outside` (clocks, chance, the network) unless
it has a `ttl`, `process` and `code` always, and so does what is not listed. Files count as where they are named from,
not as what they hold. A test compares the table with the interpreter that runs."""

from __future__ import annotations

import re
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, Iterable, List, Mapping, Optional, Set, Tuple

PURE = "pure"
OUTSIDE = "outside"
PROCESS = "process"
CODE = "code"

#: By verdict: modules, and names of modules (also of the classes in them) that are other than their module.
_STANDARD: Mapping[str, str] = {
    PURE: """
        __future__ _abc _asyncio _bisect _blake2 _codecs _collections _collections_abc _compat_pickle _compression
        _datetime _elementtree _functools _hashlib _heapq _json _md5 _opcode _operator _py_abc _pydatetime
        _ast _markupbase _queue _random _sha1 _sha2 _sha256 _sha3 _sha512 _sre _statistics _string _struct _symtable _thread _tokenize
        _stat _typing _warnings _weakref _weakrefset
        abc array ast asyncio atexit audioop base64 binascii bisect builtins chunk cmath codecs codeop collections colorsys
        concurrent contextlib dataclasses datetime difflib dis encodings enum errno fcntl fnmatch
        formatter fractions functools getopt graphlib hashlib heapq hmac ipaddress itertools keyword logging
        marshal math mmap multiprocessing nturl2path numbers opcode operator pickletools pprint pyexpat queue
        quopri re shlex sre_compile sre_constants sre_parse stat statistics stringprep struct
        symbol symtable textwrap this threading token tokenize tomllib traceback types typing unicodedata urllib
        warnings weakref xdrlib zlib
        argparse.Namespace calendar.isleap calendar.leapdays calendar.monthrange calendar.timegm calendar.weekday
        http.HTTPMethod http.HTTPStatus http.cookies
        os.DirEntry os.F_OK os.O_APPEND os.O_CREAT os.O_EXCL os.O_RDONLY os.O_RDWR os.O_TRUNC os.O_WRONLY os.PathLike
        os.R_OK os.SEEK_CUR os.SEEK_END os.SEEK_SET os.W_OK os.X_OK os.altsep os.close os.curdir os.devnull os.error
        os.extsep os.fdopen os.fsdecode os.fsencode os.fspath os.fstat os.fsync os.linesep os.lseek os.name os.pardir
        os.path os.pathsep os.read os.sep os.stat_result os.strerror os.write
        posix.close posix.fspath posix.fstat posix.fsync posix.lseek posix.read posix.stat_result posix.strerror
        posix.write
        pathlib
        io.BytesIO io.StringIO inspect.cleandoc inspect.getdoc inspect.isabstract inspect.isclass inspect.iscoroutinefunction inspect.isfunction
        inspect.ismethod inspect.signature
        random.Random
        sys.api_version sys.byteorder sys.copyright sys.exc_info sys.exception sys.float_info sys.float_repr_style
        sys.getsizeof sys.hash_info sys.hexversion sys.implementation sys.int_info sys.intern sys.maxsize
        sys.maxunicode sys.platform sys.stderr sys.stdout sys.thread_info sys.version sys.version_info
        time.gmtime time.sleep time.struct_time
        uuid.NAMESPACE_DNS uuid.NAMESPACE_OID uuid.NAMESPACE_URL uuid.NAMESPACE_X500 uuid.SafeUUID uuid.UUID uuid.uuid3
        uuid.uuid5
        """
    + " ".join(
        f"{module}.{name}"
        for module in ("posixpath", "ntpath")
        for name in """
        altsep basename commonpath commonprefix curdir defpath devnull dirname extsep isabs join normcase normpath
        pardir pathsep sep split splitdrive splitext splitroot
        """.split()
    ),
    "directory": """
        _bz2 _io _lzma aifc binhex bz2 codecs.EncodedFile codecs.open compileall configparser dbm filecmp
        genericpath glob gzip hashlib.file_digest imghdr io lib2to3 lzma mailbox mailcap netrc ntpath plistlib
        posixpath pstats py_compile sndhdr sunau tabnanny tarfile tokenize.open uu wave xml zipapp
        zipfile
        """
    + " ".join(
        f"{module}.{name}"
        for module in ("os", "posix")
        for name in """
        access getcwd getcwdb link listdir lstat mkdir open readlink remove rename replace rmdir scandir stat statvfs
        symlink truncate unlink utime
        """.split()
    )
    + " os.fwalk os.makedirs os.removedirs os.renames os.walk",
    "directory adapters": "_sqlite3 sqlite3",
    "directory archives": "shutil",
    "directory environment": "os.popen os.system pipes posix.system shutil.which subprocess",
    "dialects": "_csv csv",
    "zones": "_zoneinfo zoneinfo",
    "json": "json",
    "urls": "urllib.parse",
    "directory namespaces": "xml.etree",
    "templates": "string",
    "abbreviations": "reprlib",
    "charsets": "email",
    "entities": "html",
    "reducers": "_pickle copy copyreg pickle",
    "locale week": "calendar",
    "locale zone": """
        _strptime datetime.strftime datetime.strptime time.strftime time.strptime
        """,
    "precision": "_decimal _pydecimal decimal",
    "zone": """
        datetime.astimezone datetime.fromtimestamp datetime.timestamp email.format_datetime time.altzone time.asctime
        time.ctime time.daylight time.localtime time.mktime time.timezone time.tzname
        """,
    OUTSIDE: """
        _socket _ssl asynchat asyncore cProfile crypt datetime.now datetime.today datetime.utcnow email.formatdate
        email.localtime email.make_msgid sched
        zipfile.writestr ftplib gzip.GzipFile gzip.compress http imaplib nntplib poplib profile random
        secrets select selectors smtpd smtplib socket socketserver ssl telnetlib time.clock_gettime
        time.clock_gettime_ns time.monotonic time.monotonic_ns time.perf_counter time.perf_counter_ns
        time.process_time time.process_time_ns time.thread_time time.thread_time_ns time.time time.time_ns timeit
        urllib.request urllib.robotparser wsgiref xmlrpc
        """,
    PROCESS: """
        _contextvars _locale _msi _osx_support _uuid _thread.get_ident _thread.get_native_id antigravity argparse cgi
        cgitb cmd contextvars ctypes curses distutils ensurepip faulthandler fileinput gc getpass gettext grp idlelib
        linecache locale macpath mimetypes msilib asyncio.all_tasks asyncio.current_task multiprocessing.get_start_method
        ssl.get_default_verify_paths urllib.request.getproxies urllib.request.getproxies_environment
        zoneinfo.TZPATH zoneinfo.available_timezones multiprocessing.active_children multiprocessing.cpu_count
        multiprocessing.current_process multiprocessing.parent_process nis nt optparse os ossaudiodev pathlib.expanduser
        pathlib.home pdb platform posix posixpath.expanduser posixpath.expandvars ntpath.expanduser ntpath.expandvars
        pty pwd readline resource shutil.get_terminal_size signal site spwd sys sysconfig syslog tempfile termios test
        threading.activeCount threading.active_count threading.currentThread threading.current_thread
        threading.enumerate threading.get_ident threading.get_native_id threading.main_thread time tkinter tracemalloc
        tty turtle turtledemo unittest uuid venv webbrowser winreg winsound
        """,
    CODE: """
        traceback.StackSummary traceback.TracebackException traceback.extract_stack
        traceback.extract_tb traceback.format_exc traceback.format_exception traceback.format_stack traceback.format_tb
        traceback.print_stack traceback.walk_stack traceback.walk_tb
        _pickle.Unpickler _pickle.load _pickle.loads bdb code doctest imp importlib inspect modulefinder
        pickle.Unpickler pickle._Unpickler pickle.load pickle.loads pkgutil pyclbr pydoc rlcompleter runpy shelve
        trace zipimport
        """,
}
#: Installed packages whose functions compute with their arguments, in each of their versions.
_PACKAGES: Mapping[str, str] = {
    PURE: """
        Levenshtein PIL bs4 chardet charset_normalizer cycler cytoolz html5lib idna jsonschema
        kiwisolver lxml markdown markdown_it markupsafe memod more_itertools msgpack multidict networkx numba numexpr orjson packaging
        parso patsy pydantic pydantic_core pygments pyparsing pytz rapidfuzz regex shapely simplejson six
        packaging.tags.Tag packaging.tags.parse_tag
        sortedcontainers soupsieve toolz typing_extensions tzdata ujson unidecode xxhash zstandard
        numpy.random.Generator numpy.random.MT19937 numpy.random.PCG64 numpy.random.Philox numpy.random.RandomState
        numpy.random.SFC64 numpy.random.SeedSequence numpy.random.default_rng
        """,
    "directory": """
        PIL.Image.open lxml.etree.parse networkx.readwrite nltk numpy.DataSource numpy.fromfile numpy.genfromtxt
        numpy.load numpy.loadtxt numpy.memmap numpy.save numpy.savetxt numpy.savez pandas.ExcelFile pandas.HDFStore
        pandas.io pandas.read_clipboard pandas.read_csv pandas.read_excel pandas.read_feather pandas.read_fwf
        pandas.read_hdf pandas.read_html pandas.read_json pandas.read_orc pandas.read_parquet pandas.read_pickle
        pandas.read_sas pandas.read_spss pandas.read_sql pandas.read_stata pandas.read_table pandas.read_xml
        pyarrow pydantic.DirectoryPath pydantic.FilePath pydantic.NewPath pydantic.PathType scipy.io
        sklearn.datasets
        """,
    "attrs": "attr attrs cattrs",
    "jinja2": "jinja2",
    "yaml": "yaml",
    "directory polars": "polars",
    "numpy": "numpy scipy sklearn",
    "numpy pandas": "pandas statsmodels",
    "mpmath": "mpmath sympy",
    "zone": "dateutil",
    OUTSIDE: """
        aiohttp dateutil.parser._parser.parse dateutil.parser.parse dateutil.rrule dateutil.utils.today httpx numpy.random
        polars.set_random_seed pyarrow.compute.random pydantic.FutureDate pydantic.FutureDatetime pydantic.PastDate
        pydantic.PastDatetime pandas.Timestamp.now pandas.Timestamp.today pandas.Timestamp.utcnow requests urllib3
        websockets
        """,
    PROCESS: """
        cupy jax matplotlib packaging._manylinux packaging._musllinux packaging.markers packaging.requirements.evaluate
        packaging.tags polars.build_info polars.show_versions polars.sql polars.thread_pool_size psutil
        pyarrow._compute.call_function pyarrow._compute.function_registry pyarrow._compute.get_function
        pyarrow.compute.call_function pyarrow.compute.function_registry pyarrow.compute.get_function
        pyarrow.cpu_count pyarrow.io_thread_count pyarrow.lib.cpu_count pyarrow.lib.io_thread_count
        pyarrow.set_cpu_count pyarrow.set_io_thread_count pyarrow.total_allocated_bytes tensorflow torch
        """,
    CODE: "pydantic.ImportString",
}
#: Builtins that are not pure. `hash` is watched while it runs (`hash_watch`).
_BUILTINS: Mapping[str, str] = {
    CODE: "__import__ compile eval exec globals",
    PROCESS: "breakpoint exit help id input quit",
    "directory": "open",
}
#: Attributes that lead out of what the arguments say, whatever object they are looked for on.
WORDS: Mapping[str, str] = dict.fromkeys(
    """
    __hash__ argv environ environb expanduser expandvars get_terminal_size getenv getlogin getpid getppid isatty uuid1 uuid4
    """.split(),
    PROCESS,
)
#: What reads a clock, or chance, where it is called without arguments.
CLOCKS = frozenset("gmtime localtime ctime asctime strftime".split())
BARE = CLOCKS.union("default_rng Random RandomState SeedSequence".split())
#: Names that read a clock or chance together with others: those, which the others are sought among, and the others.
_TOGETHER = (
    (frozenset(("sqlite3",)), "texts", r"(?i)\b(?:random|now|localtime|current_\w+|(?:date|time|datetime|unixepoch)\(\))"),
    (frozenset(("SimpleCookie", "BaseCookie", "Morsel")), "texts", "expires$"),
    (frozenset(("LogRecord", "makeLogRecord", "makeRecord")), "", ""),
    (frozenset(("get_running_loop", "get_event_loop", "new_event_loop")), "attributes", "time$"),
)
#: Names by which packages draw from generators of their own, which no one sees: whatever object they are looked for on,
#: where the package is loaded or named.
_DRAWN = (("polars", frozenset(("sample", "shuffle", "set_random_seed"))),)
#: Types of pydantic by which data are held against what the process finds.
ANNOTATED = frozenset(
    "DirectoryPath FilePath FutureDate FutureDatetime ImportString NewPath PastDate PastDatetime PathType".split()
)
#: Module attributes of `sys` that are safe to hand on, as to `print`, but not to ask.
_STREAM_METHODS = frozenset(("write", "flush", "writelines"))


def _table(groups: Mapping[str, str]) -> Dict[str, str]:
    return {name: verdict for verdict, names in groups.items() for name in names.split()}


STANDARD = _table(_STANDARD)
PACKAGES = _table(_PACKAGES)
BUILTINS = _table(_BUILTINS)
_ALL = {**PACKAGES, **STANDARD, **{f"builtins.{name}": verdict for name, verdict in BUILTINS.items()}}
#: For each module, the names in it that are other than it.
_EXCEPTIONS: Dict[str, Dict[str, str]] = {}
for _name, _verdict in _ALL.items():
    _module, _, _member = _name.rpartition(".")
    if _module:
        _EXCEPTIONS.setdefault(_module, {})[_member] = _verdict


def is_listed(module: str) -> bool:
    """Whether anything is known of the package that a module belongs to."""
    return module.partition(".")[0] in _ALL


def is_standard_name(module: str) -> bool:
    """Whether a module is of the standard library by its name."""
    top = module.partition(".")[0]
    names: Optional[Iterable[str]] = getattr(sys, "stdlib_module_names", None)  # since 3.10
    return top in STANDARD or (names is not None and top in names)


def verdict(module: str, names: Iterable[str]) -> str:
    """What results depend on that come of these names of a module, taken one from another. `process` where that
    is not known."""
    names = tuple(names)
    if (
        module == "sys"
        and names[:1] in (("stdout",), ("stderr",))
        and not _STREAM_METHODS.issuperset(names[1:])
    ):
        return PROCESS
    if names and f"{module}.{names[0]}" in _EXCEPTIONS:
        return verdict(f"{module}.{names[0]}", names[1:])  # a module in it, which need not be loaded
    package = module
    while package:
        exceptions = _EXCEPTIONS.get(package)
        if exceptions is not None:
            for name in names:
                if name in exceptions:
                    return exceptions[name]
        if package in _ALL:
            return _ALL[package]
        package = package.rpartition(".")[0]
    return PROCESS


def clock_together(mentioned: Set[str], more: Callable[[str], Iterable[str]], unloaded: List[str]) -> str:
    """A name by which code that mentions these reads a clock or chance, or "". `more` finds its texts and attributes.
    To `unloaded` it adds the packages that would make it do so."""
    for names, kind, pattern in _TOGETHER:
        if not names.isdisjoint(mentioned):
            find = re.search if kind == "texts" else re.match
            if not kind or any(find(pattern, each) for each in more(kind)):
                return min(names & mentioned)
    for package, drawn in _DRAWN:
        found = drawn.intersection(more("attributes"))
        if found and package not in mentioned and package not in sys.modules:
            unloaded.append(package)
        elif found:
            return f"{min(found)}, by which {package} may draw by chance, and"
    return ""


def whole_verdict(module: str) -> str:
    """What results may depend on that come of any name of a module."""
    return " ".join(sorted({verdict(module, ("a name",)), *_EXCEPTIONS.get(module, {}).values()}))


def exceptions_mentioned(module: str, mentioned: Iterable[str]) -> Iterable[Tuple[str, str]]:
    """Those of the names mentioned that are other than the module, with what holds for them."""
    exceptions = _EXCEPTIONS.get(module, {})
    for name in mentioned:
        if name in exceptions:
            yield name, exceptions[name]
