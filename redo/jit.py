"""The one door to numba: decorators, the kernel cache, and compilation before the first query.

Kinds of compiled functions; the difference decides how long a start takes:

- ``@kernel(signature)`` is an *entry point*: Python (or an instruction table) calls it. It is
  compiled on import when the cache has no copy, and loaded from the cache otherwise
  (`stored_code`). Have few of them.
- ``@helper`` is called by kernels only. It is compiled lazily, together with the kernels which use
  it and only as far as they need (`lean`), and costs nothing when those come out of the cache.
  Have as many as read well. Literal arguments do not make copies of it.
- ``@routine`` is a large helper, compiled once by itself: its callers, in Python or in kernels, are
  linked to it by symbol instead of taking its code in. numba links a callee's code into every
  caller and optimises it there again, so what is large and called from many places must be one
  (a call costs 3 ns). Arguments: ``st``, ``mem``, and int64; result int64.

numba's own cache does not notice edits to a callee in another module, nor changed global
constants (both reproduced). So every kernel module gets a cache directory named after a hash of its
own source and of every project module it imports, transitively, plus the flags that change code.
"""

from __future__ import annotations

import ast
import functools
import gc
import hashlib
import importlib
import importlib.metadata
import inspect
import json
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn

import llvmlite.binding

from redo import compiled
from redo.cache_place import cache_root

PACKAGES = ("redo", "btree", "replicas", "mysqlcompat")
DISABLED = os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")
CHECKED = compiled.CHECKED
_FLAGS = (importlib.metadata.version("numba"), sys.version, str(CHECKED))

#: What nobody imports who does not compile.
_COMPILER = ("redo.lean", "redo.kernel_cache")

Decorator = Callable[[Callable[..., Any]], Any]


@functools.cache
def _sources() -> dict[str, str]:
    """Paths of all project modules, by name: looked for one by one they would take 0.06 s."""
    root = Path(__file__).resolve().parent.parent
    found = {}
    for package in PACKAGES:
        for directory, _, names in os.walk(root / package):
            parent = ".".join(Path(directory).relative_to(root).parts)
            for name in names:
                if name.endswith(".py"):
                    module = parent if name == "__init__.py" else f"{parent}.{name[:-3]}"
                    found[module] = f"{directory}/{name}"
    return found


def _source_of(module: str) -> Path | None:
    path = _sources().get(module)
    return None if path is None else Path(path)


@functools.cache
def _imports_of(module: str, source: bytes) -> tuple[str, ...]:
    """Project modules that `module` imports; remembered, since parsing all takes 0.1 s."""
    key = hashlib.sha256(module.encode() + b"\0" + source).hexdigest()
    known = _known_imports()
    if key not in known:
        known[key] = list(_imports_in(module, source))
    return tuple(known[key])


def _imports_file() -> Path:
    return cache_root() / "imports.json"


@functools.cache
def _known_imports() -> dict[str, list[str]]:
    """What each source imports, by hash of the source: as the last compilation left it."""
    try:
        known: dict[str, list[str]] = json.loads(_imports_file().read_bytes())
    except (OSError, ValueError):
        return {}
    return known


def _remember_imports() -> None:
    path = _imports_file()
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(_known_imports()))
    draft.replace(path)


def _imports_in(module: str, source: bytes) -> Iterator[str]:
    """Project modules that `module` imports at any level, `from package import module` included."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parent = module.split(".")[: -node.level]
                base = ".".join([*parent, base]) if base else ".".join(parent)
            if base not in PACKAGES:
                yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


@functools.cache
def _source(module: str) -> bytes | None:
    """Source of a project module; None: it is none."""
    path = _source_of(module)
    return None if path is None else path.read_bytes()


@functools.cache
def _digest(module: str) -> bytes:
    return hashlib.sha256(_source(module) or b"").digest()


@functools.cache
def stamp(module: str) -> str:
    """Hash of everything that decides what the kernels of `module` compile to."""
    digest = hashlib.sha256("|".join(_FLAGS).encode())
    seen: set[str] = set()
    waiting = [module, *_COMPILER]
    while waiting:
        name = waiting.pop()
        source = _source(name)
        if name in seen or source is None:
            continue
        seen.add(name)
        waiting.extend(_imports_of(name, source))
    for name in sorted(seen):
        digest.update(name.encode() + b"\0" + _digest(name))
    return digest.hexdigest()[:16]


@functools.cache
def _directory(module: str) -> Path:
    """Where compiled kernels of a module are."""
    return cache_root() / f"{module}-{stamp(module)}"


def _cache_of(function: Callable[..., Any]) -> Path:
    module = function.__module__
    if module == "__main__":  # run by path: `python -m` gives the real name in the spec
        spec = getattr(sys.modules["__main__"], "__spec__", None)
        module = spec.name if spec else module
    return _directory(module)


#: No kernel allocates: without numba's reference counts there is less to compile.
_OPTIONS: dict[str, Any] = {"error_model": "numpy", "_nrt": False}


def kernel(signature: str) -> Decorator:
    """An entry-point kernel: compiled for exactly `signature`, cached, without GIL, no raising."""

    def decorate(function: Callable[..., Any]) -> Any:
        if DISABLED:
            return function
        directory = _cache_of(function)
        return compiled.Kernel(
            function, signature, directory, nogil=True, no_cfunc_wrapper=True, **_OPTIONS
        )

    return decorate


def entry(kernel: Any) -> Any:
    """A kernel as a plain function, for who calls it from Python a million times."""
    return kernel if DISABLED else kernel.entry


def inlined(function: Callable[..., Any]) -> Any:
    """A helper of a few instructions on a hot path: always merged into its caller.

    A call costs some nanoseconds, and LLVM rarely merges by itself.
    """
    if DISABLED:
        return function
    return compiled.Helper(function, nogil=True, forceinline=True, **_OPTIONS)


def helper(function: Callable[..., Any]) -> Any:
    """A function for kernels only: compiled when a kernel that calls it is."""
    if DISABLED:
        return function
    return compiled.Helper(function, nogil=True, **_OPTIONS)


#: For kernels that are written in LLVM's words: numba's types, and what makes instructions.
Intrinsic, External = compiled.Intrinsic, compiled.External
types, ir, cgutils = compiled.types, compiled.ir, compiled.cgutils
places, beginning = compiled.places, compiled.beginning


def routine(function: Callable[..., Any]) -> Any:
    """A function of ``st``, ``mem`` (by name) and int64s, compiled once, called by symbol."""
    if DISABLED:
        return function
    names = list(inspect.signature(function).parameters)
    kinds = {"st": "i8[::1]", "mem": "u1[::1]"}
    entry = kernel(f"i8({', '.join(kinds.get(name, 'i8') for name in names)})")(function)
    symbol = f"{function.__module__}.{function.__name__}"
    llvmlite.binding.add_symbol(symbol, entry.address)
    return compiled.Routine(function, entry, symbol)


def kernel_modules(packages: Iterable[str] = PACKAGES) -> list[str]:
    """Every ``*_kernels`` module of the project that is present, each after those it imports."""
    root = Path(__file__).resolve().parent.parent
    found = {
        ".".join(path.relative_to(root).with_suffix("").parts): path
        for package in packages
        for path in sorted((root / package).rglob("*_kernels.py"))
    }
    ordered: list[str] = []

    def visit(module: str) -> None:
        if module in ordered:
            return
        for imported in _imports_of(module, _source(module) or b""):
            if imported in found and imported != module:
                visit(imported)
        ordered.append(module)

    for module in found:
        visit(module)
    return ordered


def _compiled_marker(module: str) -> Path:
    return _directory(module) / "complete"


def stale_modules() -> list[str]:
    """Kernel modules whose present source has not been compiled on this machine yet."""
    if DISABLED:
        return []
    return [module for module in kernel_modules() if not _compiled_marker(module).exists()]


class _Worker:
    """A forked child that compiles one module after another.

    One child for many modules, because helpers are compiled once in a process: a module whose
    neighbour was compiled in the same child finds most of what it calls ready.
    """

    def __init__(self) -> None:
        self.module = ""
        self.seen: set[str] = set()
        self._requests, self._replies = multiprocessing.Pipe(), multiprocessing.Pipe(False)
        self.pid = os.fork()
        if not self.pid:
            self._serve()
        # The child's ends, before another child gets them: its death must be an end of file.
        self._requests[1].close()
        self._replies[1].close()

    def _serve(self) -> NoReturn:
        code = 1
        gc.disable()  # a sixth of the time, for 300 MB that are given back half a minute later
        self._requests[0].close()  # so that the parent's end, whatever its cause, ends this
        try:
            while module := self._requests[1].recv():
                importlib.import_module(module)
                marker = _compiled_marker(module)
                marker.parent.mkdir(parents=True, exist_ok=True)
                marker.touch()
                self._replies[1].send(module)
            code = 0
        except EOFError:
            pass
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            self._replies[1].close()
            os._exit(code)

    def start(self, module: str) -> None:
        self.module = module
        self.seen.add(module.rsplit(".", 1)[0])
        self._requests[0].send(module)

    def reply(self) -> Connection:
        """Readable when the module is done, or the child is."""
        return self._replies[0]

    def finish(self) -> str:
        """The module that was compiled. Raises RuntimeError when it does not compile."""
        module, self.module = self.module, ""
        try:
            self._replies[0].recv()
        except EOFError:
            raise RuntimeError(f"kernels of {module} do not compile (see above)") from None
        return module

    def end(self) -> None:
        """Wait for the end of the child, at once if it is at work (another one has failed)."""
        if self.module:
            os.kill(self.pid, signal.SIGKILL)
        self._requests[0].close()
        self._replies[0].close()
        os.waitpid(self.pid, 0)


def compile_all(
    report: Callable[[int, int, str], None] | None = None, processes: int | None = None
) -> float:
    """Compile what is stale, in parallel child processes; seconds it took.

    report     called with (done, total, module) after each module
    processes  how many children at once; the number of usable CPUs by default
    Raises RuntimeError when a module does not compile.
    """
    started = time.monotonic()
    waiting = stale_modules()
    if not waiting:
        return 0.0
    workers = [_Worker() for _ in range(processes or len(os.sched_getaffinity(0)))]
    try:
        _compile(workers, waiting, report)
    finally:
        for worker in reversed(workers):  # the later ones have the pipes of the earlier open
            worker.end()
    _remember_imports()
    _forget_old_stamps()
    return time.monotonic() - started


def _compile(
    workers: list[_Worker], waiting: list[str], report: Callable[[int, int, str], None] | None
) -> None:
    """Let the workers compile these modules, each after those it imports."""
    total = len(waiting)
    depends = {module: _kernel_dependencies(module) for module in waiting}
    chains = _chains(depends)
    done = 0
    while done < total:
        busy = {worker.module for worker in workers if worker.module}
        for worker in workers:
            if worker.module:
                continue
            ready = [m for m in waiting if not depends[m] & {*waiting, *busy}]
            if ready:
                chosen = max(ready, key=lambda m: (m.rsplit(".", 1)[0] in worker.seen, chains[m]))
                waiting.remove(chosen)
                busy.add(chosen)
                worker.start(chosen)
        replies = {worker.reply(): worker for worker in workers if worker.module}
        for reply in multiprocessing.connection.wait(list(replies)):
            module = replies[reply].finish()  # type: ignore[index]
            done += 1
            if report:
                report(done, total, module)


def _kernel_dependencies(module: str) -> set[str]:
    """Kernel modules below `module`: compiling them first lets it load them from the cache."""
    imports = _imports_of(module, _source(module) or b"")
    direct = {m for m in imports if m.endswith("_kernels")}
    direct.discard(module)
    return {m for m in direct if _source_of(m) is not None}


def _chains(depends: dict[str, set[str]]) -> dict[str, int]:
    """Bytes of source on the longest way from each module through those that wait for it."""
    chains: dict[str, int] = {}
    for module in reversed(depends):  # users come after what they use
        users = (chains[user] for user, used in depends.items() if module in used)
        chains[module] = len(_source(module) or b"") + max(users, default=0)
    return chains


def _forget_old_stamps(keep_days: float = 14.0) -> None:
    """Remove cache directories of sources that have not been used for a while."""
    import shutil

    current = {f"{module}-{stamp(module)}" for module in kernel_modules()}
    for path in cache_root().iterdir() if cache_root().exists() else ():
        if (
            path.is_dir()
            and path.name not in current
            and time.time() - path.stat().st_mtime > keep_days * 86400
        ):
            shutil.rmtree(path, ignore_errors=True)


def import_all() -> None:
    """Import every kernel module: a process forked afterwards has all of them ready."""
    for module in kernel_modules():
        importlib.import_module(module)
