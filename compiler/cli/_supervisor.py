"""`egc run` while it serves: watch the configuration, build beside, check, and let the new build take over.

The files are the interface: whoever wants another configuration served (an editor, `git pull`, a ConfigMap) writes
them, best by rename. What the Admin API is asked to change is built first, and written when it is about to be served
(N31, N32). A configuration that is wrong never stops what is serving (D46-D48, D436, D462), and every build has its
routes in the same order, whether it is the first or the tenth (D458, D464).
"""

import asyncio
import errno
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from socket import socket
from typing import Any

from egc.compiler.artifact import replace_file
from egc.compiler.cli import EnvironmentFailure, ExitCode, _watch, write_bug_report
from egc.compiler.cli._builds import Builds, same
from egc.compiler.cli._edits import Edits, Wish
from egc.compiler.cli._listening import Listening
from egc.compiler.cli._news import News
from egc.compiler.cli._serving import Serving
from egc.compiler.source import gateway_file
from egc.runtime.handover import GRACE_SECONDS

LOOK_SECONDS = 0.25
"""How often the files are looked at."""

SETTLE_SECONDS = 0.5
"""How long they must stay as they are before they are read (Express Gateway waits 2 s, D51)."""

BUILD_SECONDS = 60.0
BOOT_SECONDS = 45.0
CLOSE_SECONDS = 2.0

MOST_DRAINING = 4
"""How many builds that were replaced may finish their requests at the same time."""

LONGEST_FINDINGS = 1 << 20

UNCHANGED = "Nothing was changed"
MOST_TOLD = 3

WORKERS_CANNOT_BEGIN = 3
"""gunicorn's exit code for that (`Arbiter.WORKER_BOOT_ERROR`); that of egc for it says something else."""

PASSED_ON = (signal.SIGUSR1, signal.SIGTTIN, signal.SIGTTOU)
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)


@dataclass(frozen=True, slots=True)
class Gateway:
    """What is to be served.

    Arguments:
        path: of the configuration, as it was given.
        environ: the environment of gunicorn.
        eg_compat: as in `compile_project`.
        form: how findings are written.
    """

    path: Path
    environ: Mapping[str, str]
    eg_compat: bool = False
    form: str = "text"

    @property
    def directory(self) -> Path:
        """The configuration's directory."""
        return self.path if self.path.is_dir() else self.path.parent


@dataclass(frozen=True, slots=True)
class Made:
    """What came of building beside. `findings` are as a person reads them; `told` is all that was said (_beside.py)."""

    code: int
    findings: str
    bind: tuple[str, ...] = ()
    reads: frozenset[str] = frozenset()
    told: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Watched:
    """The files that count, and how they were when they were last built."""

    path: Path
    reads: set[str] = field(default_factory=set)
    copied: tuple[Path, ...] = ()
    built: dict[Path, _watch.Signature | None] = field(default_factory=dict)

    def look(self) -> _watch.Look:
        """How they are now."""
        return _watch.look((*_watch.of_project(self.path), *map(Path, self.reads), *self.copied))

    def add(self, reads: Iterable[str]) -> None:
        """Watch files that a build was found to read, from how they are now on."""
        for name in reads:
            if name not in self.reads:
                self.reads.add(name)
                self.built[Path(name)] = _watch.signature(Path(name))


class Supervisor:
    """Serves a configuration until a signal ends it.

    Arguments:
        gateway: what is served.
        builds: where builds go.
        listening: the sockets.
        news: what a person is told.
        before: how the files were before the first build read them.
    """

    def __init__(self, gateway: Gateway, builds: Builds, listening: Listening, news: News, before: _watch.Look) -> None:
        self._gateway = gateway
        self._builds = builds
        self._listening = listening
        self._news = news
        self._watched = Watched(gateway.path, built=dict(before))
        self._current: Serving
        self._all: set[Serving] = set()
        self._asked = asyncio.Event()
        self._stirred = asyncio.Event()
        """There is something to do besides looking at files."""
        self._edits = Edits(self._stirred.set)
        self._over: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._on_terminal = sys.stderr.isatty()
        self._wrong = False
        self._anyway = False
        """Something besides the configuration has changed, or it was asked for: equal builds differ."""
        self._built_at = time.localtime()
        self._keeping_up: asyncio.Task[None] | None = None
        self._ended_by: signal.Signals | None = None

    async def run(self, build: Path, addresses: Sequence[str]) -> int:
        """Serve a build and what the configuration becomes; return the exit code."""
        loop = asyncio.get_running_loop()
        for number in ENDING:
            loop.add_signal_handler(number, self._end, number)
        for number in PASSED_ON:
            loop.add_signal_handler(number, self._pass_on, number)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up)
        self._current = await self._start(build, addresses)
        self._current.turn()
        if self._ended_by is None:
            self._keeping_up = loop.create_task(self._keep_up())
        code = await self._over
        if self._keeping_up is not None:
            self._keeping_up.cancel()
            await asyncio.gather(self._keeping_up, return_exceptions=True)
        if self._ended_by is None:
            for serving in self._all:
                serving.end(signal.SIGQUIT)
        self._edits.close()
        await asyncio.gather(*(serving.exited for serving in self._all))
        return code

    # ---- Signals

    def _end(self, number: signal.Signals) -> None:
        """Pass on a signal that ends gunicorn; requests in flight get the time that they have under gunicorn alone."""
        self._ended_by = number
        if self._keeping_up is not None:
            self._keeping_up.cancel()
        # As long as one process has a socket, callers are taken into its queue.
        self._listening.keep(())
        for serving in self._all:
            serving.end(number)
        if number == signal.SIGTERM:
            asyncio.get_running_loop().call_later(GRACE_SECONDS, self._end, signal.SIGQUIT)

    def _pass_on(self, number: signal.Signals) -> None:
        self._current.signal(number)

    def _hang_up(self) -> None:
        """SIGHUP: build again whatever has changed; from a terminal that was closed, the end."""
        if self._on_terminal and not sys.stderr.isatty():
            self._end(signal.SIGTERM)
        else:
            self._asked.set()
            self._stirred.set()

    # ---- Changes

    async def _keep_up(self) -> None:
        """Take over every change, one after the other."""
        while not await self._is_ready(self._current):
            if self._current.exited.done():
                return
        self._builds.show(self._current.directory)
        self._watch_files(self._current)
        self._news.serving(self._gateway.path, self._current.listens)
        while True:
            now = await self._settled()
            try:
                if self._asked.is_set() or _watch.changed(self._watched.built, now):
                    await self._rebuild(now)
                elif (wish := self._edits.next()) is not None:
                    await self._edit(wish, now)
            except OSError as error:
                self._refused(f"{error.filename or 'the build'}: {error.strerror or error}")
            except Exception as error:
                self._refused(f"this is a bug in egc ({type(error).__name__}); {write_bug_report(error)}")

    async def _settled(self) -> _watch.Look:
        """Wait for a change, until nothing moves any more; or for SIGHUP, or for what the Admin API wants."""
        while True:
            if not self._edits.waiting:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stirred.wait(), LOOK_SECONDS)
            self._stirred.clear()
            self._watched.add(self._current.reads)
            now = self._watched.look()
            while not self._asked.is_set() and _watch.changed(self._watched.built, now):
                await asyncio.sleep(SETTLE_SECONDS)
                before, now = now, self._watched.look()
                if before == now:
                    return now
            if self._asked.is_set() or self._edits.waiting:
                return now

    async def _rebuild(self, now: _watch.Look) -> None:
        """Build what the files are now, and let it take over where it differs and works."""
        begun = time.monotonic()
        changed = _watch.changed(self._watched.built, now)
        own = {*_watch.of_project(self._gateway.path)}
        # A key or a page is not in the files that are compared.
        self._anyway = self._anyway or self._asked.is_set() or any(path not in own for path in changed)
        self._asked.clear()
        self._watched.built = dict(now)
        build = self._builds.new()
        try:
            made = await self._make(build)
            self._watched.add(made.reads)
            if any(self._watched.built.get(path) != seen for path, seen in self._watched.look().items()):
                # It has changed again while it was read: what was built may be half of this and half of that.
                return
            names = [self._name(path) for path in changed]
            if made.code:
                self._news.findings(made.findings)
                self._refused(_why(made.code, names))
            elif self._anyway or not same(build, self._current.directory):
                self._news.changed(names)
                self._news.findings(made.findings)
                if why := await self._replace(build, made.bind, begun):
                    self._refused(why)
            elif self._wrong:
                self._wrong = False
                self._news.right_again(self._built_at)
        finally:
            if build != self._current.directory:
                self._builds.remove(build)

    async def _edit(self, wish: Wish, now: _watch.Look) -> None:
        """Build what the Admin API wants, let it take over where it works, and say what became of it."""
        answered = False
        try:
            outcome, detail, errors = await self._changed(wish, now)
            wish.answer(outcome, detail, errors)
            answered = True
            if detail:
                self._news.refused("a change over the Admin API was refused", self._built_at)
        finally:
            if not answered:
                wish.answer("failed", "egc run could not do it: look at what it says.")

    async def _changed(self, wish: Wish, now: _watch.Look) -> tuple[str, str, Sequence[object]]:
        """Do what the Admin API wants; return what has been done, or why nothing has and what is wrong."""
        begun = time.monotonic()
        build = self._builds.new()
        try:
            made = await self._make(build, wish.text)
            told = made.told
            if made.code == ExitCode.DOES_NOT_COMPILE:
                return "refused", _wrong(told.get("errors", ())), told.get("errors", ())
            if made.code == ExitCode.FINDINGS:
                return "conflict", f"{UNCHANGED}: {told.get('detail')}.", ()
            if made.code == ExitCode.ENVIRONMENT:
                return "refused", f"{UNCHANGED}: what was built would not start: {told.get('detail')}.", ()
            if made.code:
                self._news.findings(made.findings)
                return "failed", f"{UNCHANGED}: it could not be built; look at what egc run says.", ()
            if "text" not in told:
                return told["outcome"], "", ()
            self._watched.add(made.reads)
            if any(now.get(path, seen) != seen for path, seen in self._watched.look().items()):
                return "conflict", f"{UNCHANGED}: somebody else changes the configuration; try again.", ()
            file = gateway_file(self._gateway.path)
            assert file is not None  # noqa: S101 - it has just been built
            self._news.changed([f"{self._name(file)}, over the Admin API,"])
            self._news.findings(made.findings)
            write = partial(self._write, file, told["text"].encode(), now.get(file))
            why = await self._replace(build, made.bind, begun, write)
            return ("conflict", f"{UNCHANGED}: {why}.", ()) if why else (told["outcome"], "", ())
        finally:
            if build != self._current.directory:
                self._builds.remove(build)

    def _write(self, file: Path, data: bytes, seen: _watch.Signature | None) -> None:
        """Write the configuration, if it still is what was read. Raises OSError."""
        if _watch.signature(file) != seen:
            raise OSError(errno.EAGAIN, "somebody else has changed it", str(file))
        try:
            replace_file(file, data)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(file)) from None
        self._watched.built[file] = _watch.signature(file)

    async def _make(self, build: Path, edit: bytes | None = None) -> Made:
        """Build beside, in a process that is killed if it takes too long or if we are to end."""
        gateway = self._gateway
        words = ["--colour"] * self._news.colour + ["--eg-compat"] * gateway.eg_compat + ["--edit"] * (edit is not None)
        words += ["--format", gateway.form]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "egc.compiler.cli._beside"),
            *(*words, "--", str(gateway.path), str(build)),
            env=dict(gateway.environ),
            stdin=asyncio.subprocess.DEVNULL if edit is None else asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(BUILD_SECONDS):
                out, errors = await process.communicate(edit)
        except TimeoutError:
            return Made(ExitCode.BUG, f"The build took longer than {BUILD_SECONDS:.0f} s.\n")
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        findings = errors[:LONGEST_FINDINGS].decode("utf-8", "replace")
        try:
            told = json.loads(out)
            bind, reads = tuple(told.get("bind", ())), frozenset(told.get("reads", ()))
            return Made(process.returncode or 0, findings, bind, reads, told)
        except ValueError:
            return Made(process.returncode or ExitCode.BUG, findings)

    async def _replace(
        self, build: Path, addresses: Sequence[str], begun: float, write: Callable[[], None] | None = None
    ) -> str:
        """Start a build beside the one that serves, and swap them once all its workers are ready.

        Arguments:
            build: the directory of the build.
            addresses: where it listens.
            begun: when its making began, on the monotonic clock.
            write: called when it is ready and before it serves; where it raises OSError nothing is swapped.

        Returns why it was not swapped, or nothing.
        """
        try:
            sockets = self._listening.open(addresses)
        except EnvironmentFailure as error:
            return error.message
        old = self._current
        new = await self._start(build, addresses, sockets)
        try:
            ready = await self._is_ready(new)
            self._watched.add(new.reads)
            if not ready:
                return "what was built does not start"
            if write is not None:
                try:
                    write()
                except OSError as error:
                    return f"{self._name(Path(error.filename or '.'))} cannot be written: {error.strerror or error}"
            self._current = new
            old.hand_over()
            with suppress(TimeoutError):
                await asyncio.wait_for(old.closed.wait(), CLOSE_SECONDS)
        finally:
            new.turn()
            if self._current is old:
                new.end(signal.SIGQUIT)
                await new.exited
            self._listening.keep(self._current.addresses)
        self._wrong = self._anyway = False
        self._built_at = time.localtime()
        self._watch_files(new)
        self._builds.show(build)
        moved = {name: url for name, url in new.listens.items() if old.listens.get(name) != url}
        self._news.taken_over(time.monotonic() - begun, moved)
        draining = [serving for serving in self._all if serving is not new]
        for serving in sorted(draining, key=lambda one: int(one.directory.name))[:-MOST_DRAINING]:
            serving.end(signal.SIGQUIT)
        return ""

    def _refused(self, why: str) -> None:
        self._wrong = True
        self._news.refused(why, self._built_at)

    async def _start(self, build: Path, addresses: Sequence[str], sockets: Sequence[socket] | None = None) -> Serving:
        sockets = self._listening.open(addresses) if sockets is None else sockets
        serving = await Serving.start(
            build, addresses, sockets, self._gateway.environ, self._builds.lock, self._edits.asking.fileno()
        )
        self._all.add(serving)
        if self._ended_by is not None:
            # The signal came while there was nobody to take it.
            serving.end(self._ended_by)
        serving.exited.add_done_callback(lambda exited: self._exited(serving, exited))
        return serving

    def _exited(self, serving: Serving, exited: "asyncio.Task[int]") -> None:
        self._all.discard(serving)
        if serving is not self._current:
            self._builds.remove(serving.directory)
        elif not self._over.done():
            code = exited.result()
            # gunicorn's code for workers that cannot begin: a variable, the store or a certificate is in the way.
            begun = code != WORKERS_CANNOT_BEGIN or serving.ready.is_set()
            self._over.set_result(code if begun else ExitCode.ENVIRONMENT)

    async def _is_ready(self, serving: Serving) -> bool:
        """Wait until all workers of a build are ready, or it has ended, or it takes too long."""
        ready = asyncio.create_task(serving.ready.wait())
        try:
            await asyncio.wait({ready, serving.exited}, timeout=BOOT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
        return serving.ready.is_set() and not serving.exited.done()

    def _watch_files(self, serving: Serving) -> None:
        """Watch what a build that serves was made of and what it has read, and nothing of the one before."""
        with suppress(OSError, ValueError):
            manifest = json.loads((serving.directory / "manifest.json").read_text("utf-8"))
            self._watched.copied = tuple(self._gateway.directory / name for name in manifest["copied"])
        self._watched.reads &= serving.reads
        self._watched.add(serving.reads)
        self._watched.built = {path: self._watched.built.get(path, seen) for path, seen in self._watched.look().items()}

    def _name(self, path: Path) -> str:
        with suppress(ValueError):
            return str(path.relative_to(self._gateway.directory))
        return os.path.relpath(path)


def _wrong(errors: Sequence[Mapping[str, str]]) -> str:
    """What is wrong with a configuration that the Admin API would make, in a sentence."""
    told = [str(error["detail"]) for error in errors[:MOST_TOLD]]
    more = len(errors) - len(told)
    return f"{UNCHANGED}: {'; '.join(told)}{f'; and {more} more' if more > 0 else ''}."


def _why(code: int, names: Sequence[str]) -> str:
    """Why a build is not served, for the exit code of building it."""
    if code == ExitCode.DOES_NOT_COMPILE:
        return f"{names[0] if names else 'the configuration'} is wrong"
    return "what was built does not start" if code == ExitCode.ENVIRONMENT else "it could not be built"


def supervise(gateway: Gateway, builds: Builds, build: Path, addresses: Sequence[str], before: _watch.Look) -> int:
    """Serve a build, and after it what the configuration becomes, until a signal.

    Arguments:
        gateway: what is served.
        builds: where builds go; `build` is the first.
        build: the directory of what has been built.
        addresses: where it listens, as in gunicorn's `bind`.
        before: how the files were before it was built.

    Returns the exit code. Raises EnvironmentFailure where an address cannot be had.
    """

    async def serve() -> int:
        return await Supervisor(gateway, builds, listening, News(sys.stderr), before).run(build, addresses)

    listening = Listening()
    listening.open(addresses)
    return asyncio.run(serve())
