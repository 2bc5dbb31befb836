"""While the kernel steps, what would let the real world into a run raises, and names the line that asked."""

import _thread
import datetime as datetime_module
import os
import pathlib
import random
import secrets
import socket
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType, TracebackType
from typing import Any, Final, Self

CLOCK: Final = "a program reads its host's clock: now_ns or monotonic_ns"
WAIT: Final = "a program waits with set_timer; virtual time does not pass while a handler runs"
CHANCE: Final = "draw from the run's seed: chance(name, identity) in a program, a named stream in the world"
NAME: Final = "make names from what they name, for instance from a strategy, a symbol and a number"
DISK: Final = "a program keeps its files on its host's disk: append and read"
THREAD: Final = "a run is one thread; make another program, or another host, instead"
SOCKET: Final = "talk over the simulated network: send, or open and write"

_CLOCKS: Final = (
    "time",
    "time_ns",
    "monotonic",
    "monotonic_ns",
    "perf_counter",
    "perf_counter_ns",
    "process_time",
    "process_time_ns",
    "thread_time",
    "thread_time_ns",
    "clock_gettime",
    "clock_gettime_ns",
)
_CLOCKS_WITHOUT_ARGUMENT: Final = {"localtime": 0, "gmtime": 0, "ctime": 0, "asctime": 0, "strftime": 1}
"""They read the clock where the moment to convert is left out; the number says which argument that is."""
_DRAWS: Final = tuple(
    name
    for name in dir(random)
    if name != "getstate" and getattr(getattr(random, name), "__self__", None) is random._inst
)
"""The functions of the generator that a whole process shares."""
_NUMPY_UNBOUND: Final = ("seed", "set_bit_generator", "sample", "ranf")
"""The functions on NumPy's shared generator that are not its methods."""
_SECRETS: Final = ("choice", "randbelow", "randbits", "token_bytes", "token_hex", "token_urlsafe")
_UUIDS: Final = ("getnode", "uuid1", "uuid4")
_TEMPORARY: Final = ("NamedTemporaryFile", "TemporaryFile", "mkdtemp", "mkstemp", "mktemp")
"""Their names come from a generator that the process may have seeded long before."""

FORBIDDEN_NAMES: Final[dict[str, str]] = {
    **{f"time.{name}": CLOCK for name in (*_CLOCKS, *_CLOCKS_WITHOUT_ARGUMENT)},
    "time.sleep": WAIT,
    "datetime.datetime.now": CLOCK,
    "datetime.datetime.utcnow": CLOCK,
    "datetime.datetime.today": CLOCK,
    "datetime.date.today": CLOCK,
    **{f"random.{name}": CHANCE for name in _DRAWS},
    "random.Random.seed": CHANCE,
    "random.SystemRandom": CHANCE,
    **{f"tempfile.{name}": DISK for name in _TEMPORARY},
    "os.urandom": CHANCE,
    "os.getrandom": CHANCE,
    **{f"secrets.{name}": CHANCE for name in _SECRETS},
    **{f"uuid.{name}": NAME for name in _UUIDS},
    "numpy.random": CHANCE,
    "threading.Thread.start": THREAD,
    "_thread.start_new_thread": THREAD,
    "socket.socket": SOCKET,
}
"""What a run may not ask of its machine, and what to ask instead. The import lint knows these too."""

FORGIVEN: Final = ("logging",)
"""Modules whose calls pass: a log line's time goes to a person, and nowhere else."""

_ON_BEHALF: Final = {
    "random",
    "secrets",
    "uuid",
    "datetime",
    "threading",
    "socket",
    "tempfile",
    "pathlib",
    __name__,
    f"{__package__}.scan",
}
"""Standard modules that ask on behalf of somebody else: the line to name is the one that called them."""


class NondeterminismError(Exception):
    """Something in a run asked the real world for time, chance, a name, a thread or a socket."""


class Lent:
    """What a program is lent for as long as it runs: by a forbidden name, what answers in the machine's place.

    *recorded*: whether a breach, where nothing is lent, is the guard's to remember. Not so for what is thrown away.
    """

    __slots__ = ("recorded", "stand_ins")

    def __init__(self, stand_ins: Mapping[str, Callable[..., Any]], recorded: bool = True) -> None:
        self.stand_ins = stand_ins
        self.recorded = recorded


@contextmanager
def lending(lent: Lent) -> Iterator[None]:
    """Within, what this thread asks the machine for is answered by what is *lent*, where the guard is on."""
    thread = _get_ident()
    before = _lent.get(thread)
    _lent[thread] = lent
    try:
        yield
    finally:
        if before is None:
            del _lent[thread]
        else:
            _lent[thread] = before


# --- who is guarded, and what is patched: the patched modules are the process's, so this is the process's too

_lock: Final = threading.Lock()
_guards: Final[dict[int, list["Guard"]]] = {}
"""Thread → the guards that it is inside of, innermost last."""
_patched: Final[list[tuple[Any, str, Any]]] = []
"""(owner, attribute, original), in the order of patching; empty while nobody is guarded."""
_lent: Final[dict[int, Lent]] = {}
"""Thread → what the program that it runs just now is lent."""
_get_ident: Final = threading.get_ident


class Guard:
    """`with Guard():` patches clocks, chance, names, threads and sockets for the thread that entered.

    Other threads, such as a progress bar's, call through to the originals. Guards nest, in one thread and
    across threads; the last one to leave restores every attribute to exactly what it was. Entering costs some
    100 µs; an event costs nothing.

    A breach raises `NondeterminismError` where it happens; should a program swallow it, leaving the guard
    raises it again. What a module captured before (`from time import time`) is not seen here: in our own
    packages the import lint refuses that.
    """

    def __init__(self, forgive: Collection[str] = FORGIVEN) -> None:
        self._forgive = tuple(forgive)
        self.breach: NondeterminismError | None = None
        """The first breach, whether or not somebody caught it."""

    def __enter__(self) -> Self:
        with _lock:
            if not _guards:
                _install()
            _guards.setdefault(_get_ident(), []).append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with _lock:
            thread = _get_ident()
            _guards[thread].pop()
            if not _guards[thread]:
                del _guards[thread]
            if not _guards:
                _restore()
        if kind is None and self.breach is not None:
            raise self.breach

    def _refuse(self, name: str, advice: str) -> None:
        """Raise, unless the caller is forgiven."""
        frame = sys._getframe(2)
        while frame.f_back is not None and frame.f_globals.get("__name__") in _ON_BEHALF:
            frame = frame.f_back
        module = str(frame.f_globals.get("__name__", ""))
        if any(module == forgiven or module.startswith(forgiven + ".") for forgiven in self._forgive):
            return
        place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
        breach = NondeterminismError(f"{place}: called {name} during a run; {advice}")
        lent = _lent.get(_get_ident())
        if self.breach is None and (lent is None or lent.recorded):
            self.breach = breach
        raise breach


def guard(forgive: Collection[str] = FORGIVEN) -> Guard:
    """A guard to enter: `with guard(): kernel.run_until(…)`. *forgive* names modules whose calls pass."""
    return Guard(forgive)


def _refuse(name: str) -> None:
    """Raise where the calling thread is guarded and the caller is not forgiven."""
    mine = _guards.get(_get_ident())
    if mine:
        mine[-1]._refuse(name, FORBIDDEN_NAMES[name.partition("(")[0]])


def captures() -> dict[int, tuple[str, Any]]:
    """What a module may have captured before the guard came on: by the identity of the original, its name and what
    is in its place for now. Empty where nobody is guarded."""
    found: dict[int, tuple[str, Any]] = {}
    for owner, attribute, original in _patched:
        if isinstance(owner, ModuleType) and not attribute.startswith("_"):
            found.setdefault(id(original), (f"{owner.__name__}.{attribute}", getattr(owner, attribute)))
    return found


def refusing(name: str, advice: str, original: Callable[..., Any]) -> Callable[..., Any]:
    """*original*, but raising in a guarded thread, for what is no attribute to patch."""

    def refused(*args: Any, **kwargs: Any) -> Any:
        mine = _guards.get(_get_ident())
        if mine:
            mine[-1]._refuse(name, advice)
        return original(*args, **kwargs)

    return refused


def reading_only(name: str, original: Callable[..., Any], position: int) -> Callable[..., Any]:
    """*original*, but raising in a guarded thread where it would write: its mode is the argument at *position*.

    What a program writes is on its host's disk, or it would outlive every crash and every run.
    """
    writing = refusing(name, DISK, original)

    def opened(*args: Any, **kwargs: Any) -> Any:
        mode = args[position] if len(args) > position else kwargs.get("mode", "r")
        return (writing if set(mode) & set("wax+") else original)(*args, **kwargs)

    return opened


# --- the patches


def _patch(owner: Any, attribute: str, replacement: Any) -> None:
    _patched.append((owner, attribute, getattr(owner, attribute)))
    setattr(owner, attribute, replacement)


def _stand_in(name: str) -> Callable[..., Any] | None:
    """What the program that runs in this thread is lent under this name."""
    lent = _lent.get(_get_ident())
    return None if lent is None else lent.stand_ins.get(name)


def _refusing(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    """*original*, but raising in a guarded thread, unless something is lent that answers."""

    def refused(*args: Any, **kwargs: Any) -> Any:
        stand_in = _stand_in(name)
        if stand_in is not None:
            return stand_in(*args, **kwargs)
        _refuse(name)
        return original(*args, **kwargs)

    return refused


def _replaceable(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    """*original*, which nobody refuses, unless something is lent that answers."""

    def replaced(*args: Any, **kwargs: Any) -> Any:
        return (_stand_in(name) or original)(*args, **kwargs)

    return replaced


def _refusing_without(name: str, original: Callable[..., Any], position: int) -> Callable[..., Any]:
    """*original*, but raising in a guarded thread where the argument at *position* is left out or None."""

    def refused(*args: Any, **kwargs: Any) -> Any:
        if not kwargs and (len(args) <= position or args[position] is None):
            stand_in = _stand_in(name)
            if stand_in is not None:
                return stand_in(*args, **kwargs)
            _refuse(name)
        return original(*args, **kwargs)

    return refused


def _install() -> None:
    for clock in _CLOCKS:
        _patch(time, clock, _refusing(f"time.{clock}", getattr(time, clock)))
    for convert, position in _CLOCKS_WITHOUT_ARGUMENT.items():
        _patch(time, convert, _refusing_without(f"time.{convert}", getattr(time, convert), position))
    _patch(time, "sleep", _refusing("time.sleep", time.sleep))
    _patch(datetime_module, "datetime", _GuardedDatetime)
    _patch(datetime_module, "date", _GuardedDate)
    for draw in _DRAWS:
        _patch(random, draw, _refusing(f"random.{draw}", getattr(random, draw)))
    # Random(x) and Random.seed(x) both come by here, with x or without.
    _patch(random.Random, "seed", _refusing_without("random.Random.seed", random.Random.seed, position=1))
    # SystemRandom, and secrets through it, read a reference to os.urandom that random keeps.
    _patch(random, "_urandom", _refusing("random.SystemRandom", random._urandom))  # type: ignore[attr-defined]
    for owner, names in (
        (secrets, _SECRETS),
        (uuid, _UUIDS),
        (tempfile, _TEMPORARY),
        (os, ("urandom", "getrandom")),
    ):
        for name in names:
            if hasattr(owner, name):  # getrandom is Linux's
                _patch(owner, name, _refusing(f"{owner.__name__}.{name}", getattr(owner, name)))
    _patch(threading.Thread, "start", _refusing("threading.Thread.start", threading.Thread.start))
    _patch(_thread, "start_new_thread", _refusing("_thread.start_new_thread", _thread.start_new_thread))
    _patch(pathlib.Path, "open", reading_only("pathlib.Path.open", pathlib.Path.open, position=1))
    _patch(socket.socket, "__init__", _refusing("socket.socket", socket.socket.__init__))
    if "numpy" in sys.modules:
        _install_numpy()
    if "asyncio" in sys.modules:
        # They walk sets of tasks, whose order a loop of ours knows to keep.
        for owner in (import_module("asyncio"), import_module("asyncio.tasks")):
            for name in ("all_tasks", "as_completed"):
                _patch(owner, name, _replaceable(f"asyncio.{name}", getattr(owner, name)))


def _install_numpy() -> None:
    """NumPy's global generator, and every generator that is made without a seed."""
    numpy_random = import_module("numpy.random")  # NumPy loads it lazily; it draws entropy while it loads
    shared = numpy_random.mtrand._rand
    for name in dir(numpy_random):
        function = getattr(numpy_random, name)
        bound = getattr(function, "__self__", None) is shared and name != "get_state"
        if bound or name in _NUMPY_UNBOUND:
            _patch(numpy_random, name, _refusing(f"numpy.random({name})", function))
    # default_rng(), RandomState(), SeedSequence() and the bit generators take their entropy from here.
    entropy = numpy_random.bit_generator
    _patch(entropy, "randbits", _refusing("numpy.random(without a seed)", entropy.randbits))


def _restore() -> None:
    while _patched:
        owner, attribute, original = _patched.pop()
        setattr(owner, attribute, original)


class _StandsIn(type):
    """Lets a stand-in for a class of `datetime` be asked whether an object is an instance of the real one."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _REAL[cls]) if cls in _REAL else super().__instancecheck__(instance)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, _REAL[cls]) if cls in _REAL else super().__subclasscheck__(subclass)


def _asked(name: str, original: Callable[..., Any], *args: Any) -> Any:
    stand_in = _stand_in(name)
    if stand_in is not None:
        return stand_in(*args)
    _refuse(name)
    return original(*args)


class _GuardedDate(datetime_module.date, metaclass=_StandsIn):
    """`datetime.date` while guarded; it makes real dates, so that nothing outlives the guard."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return _REAL_DATE(*args, **kwargs) if cls is _GuardedDate else super().__new__(cls, *args, **kwargs)

    @classmethod
    def today(cls) -> Any:
        return _asked("datetime.date.today", _REAL_DATE.today)


class _GuardedDatetime(datetime_module.datetime, metaclass=_StandsIn):
    """`datetime.datetime` while guarded; it makes real ones, so that nothing outlives the guard."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return _REAL_DATETIME(*args, **kwargs) if cls is _GuardedDatetime else super().__new__(cls, *args, **kwargs)

    @classmethod
    def now(cls, tz: datetime_module.tzinfo | None = None) -> Any:
        return _asked("datetime.datetime.now", _REAL_DATETIME.now, tz)

    @classmethod
    def utcnow(cls) -> Any:
        return _asked("datetime.datetime.utcnow", _REAL_DATETIME.utcnow)

    @classmethod
    def today(cls) -> Any:
        return _asked("datetime.datetime.today", _REAL_DATETIME.today)


_REAL_DATE: Final = datetime_module.date
_REAL_DATETIME: Final = datetime_module.datetime
_REAL: Final[dict[type, type]] = {_GuardedDate: _REAL_DATE, _GuardedDatetime: _REAL_DATETIME}
