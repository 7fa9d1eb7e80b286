"""A gateway on trial: an artifact is loaded and asked in this process, by the very functions that production runs.

It has no network (network.py: what it would reach is a stub), no state but a private copy of a store (snapshot.py), and
nothing that it does outlives it. Observers stand around the objects of its module (watching.py), which itself is as it
was emitted.
"""

import asyncio
import json
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Self

from egc.runtime.env import Misconfigured
from egc.runtime.gateway import Gateway
from egc.runtime.rehearsal import snapshot
from egc.runtime.rehearsal.callers import Caller, Callers, NoSuchCaller, Presented
from egc.runtime.rehearsal.network import Loop, Sent, Stub, Stubs, offline
from egc.runtime.rehearsal.records import Ask, Asked, Began, Happened, Ran, Step
from egc.runtime.rehearsal.watching import Listening, Watch
from egc.runtime.routing import Route
from egc.runtime.store import Conflict, StoreError
from egc.runtime.store import redis as shared
from egc.runtime.store.place import COUNTERS_NAME
from egc.runtime.store.sqlite import SQLiteStore

__all__ = [
    "Artifact",
    "Ask",
    "Asked",
    "Began",
    "Caller",
    "CannotStart",
    "Happened",
    "NoSuchCaller",
    "Ran",
    "Rehearsal",
    "Sent",
    "Step",
    "Stub",
]

SECONDS = 10.0
"""How long a request may take; what a step has it wait for is not waited for."""

_MODULE = "egc_rehearsal"
_MOST_PROOFS = 4
"""To how many steps of one request a caller shows who it is."""
_FRAMING = frozenset((b"content-length", b"transfer-encoding"))


class CannotStart(Exception):
    """The gateway would not start; the text says why."""


class Artifact:
    """An artifact in a private directory, imported under a private name; a context manager.

    Arguments:
        write: writes it into the directory that it is given.
        environ: the whole environment, but that the store is the rehearsal's own.

    Raises CannotStart when a variable or a file is missing or wrong. What plugins raise comes through as it is.
    """

    app: Gateway
    module: ModuleType
    directory: Path
    data: Path

    def __init__(self, write: Callable[[Path], object], environ: Mapping[str, str]) -> None:
        self._write = write
        self._environ = environ
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="egc-rehearsal-")))
            self.directory = home / "build"
            self.data = home / "data"
            stack.enter_context(_environment({**self._environ, "EGC_DATA": str(self.data)}))
            stack.enter_context(offline())
            self._write(self.directory)
            stack.enter_context(_importable(self.directory))
            stack.enter_context(_embedded(self.data))
            try:
                self.module = _load(self.directory / "gateway.py")
            except Misconfigured as error:
                raise CannotStart(str(error)) from None
            self.app = self.module.app
            for number, listener in enumerate(self.app.listeners, 1):
                listener.port = number
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def serves(self) -> bool:
        """Whether there is a listener for callers at all."""
        return any(listener.name != "admin" for listener in self.app.listeners)

    def scope(self, ask: Ask) -> dict[str, Any]:
        """ASGI's scope of a request, as the worker makes it.

        Where the gateway has no listener for the scheme, its other one takes the request.
        """
        listeners = [listener for listener in self.app.listeners if listener.name != "admin"]
        listener = next((one for one in listeners if one.secure == ask.secure), listeners[0])
        path, mark, query = ask.target.partition("?")
        headers = [(b"host", ask.host.encode("latin-1"))]
        headers += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in ask.headers]
        if ask.body is not None and not any(name in _FRAMING for name, _ in headers):
            headers.append((b"content-length", b"%d" % len(ask.body)))
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": ask.method,
            "scheme": "https" if listener.secure else "http",
            "path": path,
            "raw_path": path.encode("latin-1"),
            "query_string": query.encode("latin-1") if mark else b"",
            "root_path": "",
            "headers": headers,
            "client": (ask.address, 50000),
            "server": (listener.host or "127.0.0.1", listener.port),
            "extensions": {"tls": {"client_cert_chain": ("shown in a rehearsal",)}} if ask.certified else {},
        }


class Rehearsal:
    """A gateway that has been started; a context manager.

    Arguments:
        artifact: loaded; it serves.
        steps, checks: the objects of its module by name; of a check, whether it waits.
        services, urls: what services and URLs answer (network.Stubs).
        store: a directory with a store to copy; None for an empty one.
        secrets: texts that are to be told as such with everything that happens.

    Raises CannotStart.
    """

    def __init__(
        self,
        artifact: Artifact,
        *,
        steps: Mapping[str, Step],
        checks: Mapping[str, bool],
        services: Mapping[str, Stub] | None = None,
        urls: Mapping[str, Stub] | None = None,
        store: Path | None = None,
        secrets: Sequence[str] = (),
    ) -> None:
        self._artifact = artifact
        self._secrets = tuple(secrets)
        self._app = artifact.app
        self._roles = {name: step.role for name, step in steps.items()}
        self._store = store
        self.stubs = Stubs(services or {}, urls or {})
        self._watch = Watch(artifact.module, self._app.routes, steps=steps, checks=checks, stubs=self.stubs)
        self._log = Listening()
        self._callers = Callers(self._app.store, real=store is not None)
        self._loop = Loop(self.stubs)
        self._used = False

    def __enter__(self) -> Self:
        self._app.access_log = self._log
        try:
            self._fill()
            with _logged([]) as lines:
                self._loop.run_until_complete(asyncio.wait_for(self._app.start(), SECONDS))
        except (StoreError, OSError, Misconfigured, TimeoutError) as error:
            self._end()
            raise CannotStart("; ".join([str(error) or "it does not start in time", *lines])) from None
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        loop = self._loop
        try:
            with suppress(TimeoutError, StoreError):
                loop.run_until_complete(asyncio.wait_for(self._app.stop(), SECONDS))
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel()
            if left:
                loop.run_until_complete(asyncio.wait(left, timeout=SECONDS))
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
        finally:
            loop.close()

    @property
    def routes(self) -> tuple[Route, ...]:
        """Those of the gateway, in the order of the plan's."""
        return self._app.routes

    def ask(self, ask: Ask, caller: Caller | None = None) -> Happened:
        """What comes of a request; where a caller is given, with what it takes to be that caller.

        Raises NoSuchCaller for one who cannot be made up.
        """
        return self._loop.run_until_complete(self._ask(ask, caller))

    def forget(self) -> None:
        """Begin anew: counters, guesses and credentials are as they were at first."""
        if self._app.store is not None and (self._used or self._watch.counted):
            self._loop.run_until_complete(self._begin_again(counters=self._watch.counted))
            self._used = self._watch.counted = False

    async def _begin_again(self, *, counters: bool) -> None:
        store = self._app.store
        if store is not None:
            await store.close()
            for file in self._artifact.data.iterdir():
                # The counters take 32 MiB; those that have counted nothing are as good as new ones.
                if counters or file.name != COUNTERS_NAME:
                    file.unlink()
            self._fill()
            await store.open()

    def _fill(self) -> None:
        if self._store is not None and self._app.store is not None:
            snapshot.copy(self._store, self._artifact.data)

    async def _ask(self, ask: Ask, caller: Caller | None) -> Happened:
        satisfied: frozenset[str] = frozenset()
        secrets = self._secrets
        while caller is not None and len(satisfied) < _MOST_PROOFS:
            self._watch.begin(caller, satisfied)
            await self._answered(ask)
            step = self._watch.found
            if not step:
                break
            presented = await self._presented(caller, step)
            with_it = _with(ask, presented)
            if with_it is None and satisfied:
                break
            if with_it is None:
                raise NoSuchCaller("the request says already who is calling: leave its credentials or the caller away")
            ask = with_it
            satisfied |= {step}
            secrets += presented.secrets
        self._watch.begin()
        happened = await self._answered(ask)
        happened.unasked = caller is not None and not satisfied
        happened.secrets += secrets
        return happened

    async def _presented(self, caller: Caller, step: str) -> Presented:
        """What the caller adds to satisfy a step."""
        # Whom an empty store made up calls with what each request says; of a real one credentials were changed.
        self._used |= self._store is not None
        try:
            presented = await self._callers.present(caller, self._watch.steps[step])
        except (Conflict, StoreError) as error:
            raise NoSuchCaller(str(error)) from None
        if presented.token is not None:
            token, answer = presented.token
            self.stubs.tokens[token] = answer
        return presented

    async def _answered(self, ask: Ask) -> Happened:
        """Have the gateway answer."""
        happened, stubs = Happened(), self.stubs
        stubs.begin()
        self._log.begin()
        bodies = [ask.body or b""]
        pieces: list[bytes] = []

        async def receive() -> dict[str, Any]:
            if bodies:
                return {"type": "http.request", "body": bodies.pop(), "more_body": False}
            # The caller stays, and says no more.
            await asyncio.Event().wait()
            return {"type": "http.disconnect"}

        async def send(message: Mapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                happened.status = message["status"]
                happened.headers = tuple(
                    (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in message["headers"]
                )
            elif message["type"] == "http.response.body":
                pieces.append(message.get("body", b""))

        with _logged(happened.notes):
            try:
                async with asyncio.timeout(SECONDS):
                    await self._app(self._artifact.scope(ask), receive, send)
            except TimeoutError:
                happened.status = 0
                happened.notes.append(f"no answer within {SECONDS:g} seconds")
        happened.body = b"" if ask.method == "HEAD" else b"".join(pieces)
        self._conclude(happened)
        return happened

    def _conclude(self, happened: Happened) -> None:
        happened.events = self._watch.events
        happened.service = self._watch.service
        happened.sent = tuple(self.stubs.sent)
        happened.fetched = tuple(self.stubs.fetched)
        happened.notes[:0] = [_message(line) for line in self._log.lines]
        happened.notes += dict.fromkeys(self.stubs.problems)
        happened.reason = self._log.reason
        x = self._log.exchange
        if x is not None and x.route is not None:
            happened.route = x.route.index
        elif x is not None:
            path = x.path.lower()
            methods = self._app.own_paths.get(path.removesuffix("/") if len(path) > 1 else path, frozenset())
            happened.reserved = x.method in methods
        # Wrong guesses are counted in the store; of who has not said anything there is none.
        guessed = any(
            isinstance(event, Ran)
            and event.outcome == "refused"
            and self._roles[event.step] == "authenticates"
            and not event.reason.startswith("no_")
            for event in happened.events
        )
        self._used |= guessed or (happened.reserved and x is not None and x.method == "POST")


def _with(ask: Ask, presented: Presented) -> Ask | None:
    """The request with what a caller adds to it; None where something stands there already."""
    names = {name for name, _ in ask.headers}
    if any(name in names for name, _ in presented.headers):
        return None
    target = ask.target
    if presented.query:
        target += ("&" if "?" in target else "?") + presented.query
    return replace(ask, target=target, headers=(*ask.headers, *presented.headers))


def _message(line: str) -> str:
    """What a policy or condition has logged."""
    found = json.loads(line)
    return f"log: {found.get('message', line)}"


def _load(path: Path) -> ModuleType:
    spec = spec_from_file_location(_MODULE, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no module")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def _environment(environ: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _embedded(data: Path) -> Iterator[None]:
    """A module that names a shared store gets a private one in `data`; the shared one is not even asked for."""

    def private(**_: object) -> SQLiteStore:
        return SQLiteStore(data)

    real = shared.RedisStore
    # For as long as the module is being imported.
    vars(shared)["RedisStore"] = private
    try:
        yield
    finally:
        vars(shared)["RedisStore"] = real


@contextmanager
def _importable(directory: Path) -> Iterator[None]:
    """Plugins are imported from the directory, and forgotten with it."""
    writes = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(directory))
    try:
        yield
    finally:
        sys.path.remove(str(directory))
        sys.dont_write_bytecode = writes
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", None) or "").startswith(f"{directory}{os.sep}"):
                del sys.modules[name]


@contextmanager
def _logged(lines: list[str]) -> Iterator[list[str]]:
    """What the gateway logs meanwhile goes into `lines`, not to stderr."""

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            text = record.getMessage()
            if record.exc_info and record.exc_info[1] is not None:
                text += f": {type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
            lines.append(" ".join(text.split()))

    log = logging.getLogger("egc")
    handler, propagates = Lines(), log.propagate
    log.addHandler(handler)
    log.propagate = False
    try:
        yield lines
    finally:
        log.removeHandler(handler)
        log.propagate = propagates
