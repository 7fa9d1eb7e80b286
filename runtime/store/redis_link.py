"""The way to Redis: calls of scripts in batches over a few connections, every wait of them bounded.

What is called while a batch is on its way goes with the next one, so that many callers cost few round trips. A script
that was sent is never sent again: nobody knows whether Redis ran it before the connection broke. While Redis is away
callers are refused at once, and one now and then tries.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from egc.runtime.store import StoreError
from egc.runtime.store.redis_scripts import Script

if TYPE_CHECKING:
    from redis.asyncio import Redis

_log = logging.getLogger("egc")

CONNECTIONS = 4
CONNECT_SECONDS = 1.0
SECONDS = 2.0
"""How long Redis may take for a batch, connecting apart."""
WAITING = 4096
"""How many calls may wait to be sent."""
_BATCH = 128
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0

_NOT_OPEN = "The store is not open."
_SENTENCES = {
    "OOM": "Redis has no memory left.",
    "READONLY": "This Redis may only be read: it is a replica.",
    "MISCONF": "Redis takes no writes, for it cannot write to its disk.",
    "NOREPLICAS": "Redis takes no writes, for too few replicas follow it.",
    "NOPERM": "Redis does not let this user do what the gateway needs; see the README on its access list.",
    "NOAUTH": "Redis asks for a password: set db.redis.password.",
    "WRONGPASS": "Redis does not take the user name and password of db.redis.",
    "LOADING": "Redis is still loading its data.",
    "MASTERDOWN": "This Redis may only be read: it is a replica.",
    "BUSY": "Redis is busy with a script.",
    "WRONGTYPE": "Keys of the namespace hold something else than this store's records.",
}


class _Call(NamedTuple):
    script: Script
    arguments: Sequence[bytes]
    answer: asyncio.Future[Any]


class Link:
    """Calls of scripts on one Redis.

    Arguments:
        redis: a client that gives up after CONNECT_SECONDS and SECONDS and retries nothing.
        prefix: what the names of all keys begin with.
        prepare: asked once before the first batch of scripts; raises StoreError where Redis holds what it should not.
    """

    def __init__(self, redis: "Redis", prefix: str, prepare: Callable[["Link"], Awaitable[None]]) -> None:
        self._redis = redis
        self._prefix = prefix.encode()
        self._prepare = prepare
        self._prepared = False
        self._waiting: deque[_Call] = deque()
        self._lanes: set[asyncio.Task[None]] = set()
        self._starting = False
        self._closing = False
        self._away = ""
        self._away_until = 0.0
        self._pause = 0.0

    def call(self, script: Script, *arguments: str | bytes) -> asyncio.Future[Any]:
        """Run a script. Raises StoreError, at once or through the future, and UnicodeEncodeError."""
        if self._closing:
            raise StoreError(_NOT_OPEN)
        if self._away and time.monotonic() < self._away_until:
            raise StoreError(self._away)
        if len(self._waiting) >= WAITING:
            raise StoreError("Too many operations wait for Redis.")
        encoded = [part.encode() if isinstance(part, str) else part for part in arguments]
        call = _Call(script, encoded, asyncio.get_running_loop().create_future())
        self._waiting.append(call)
        if not self._starting and len(self._lanes) < CONNECTIONS:
            self._starting = True
            lane = asyncio.create_task(self._drive())
            self._lanes.add(lane)
            lane.add_done_callback(self._lanes.discard)
        return call.answer

    async def prepare(self) -> None:
        """Connect and look at what is there. Raises StoreError; ConnectionError where Redis cannot be reached."""
        async with asyncio.timeout(CONNECT_SECONDS + SECONDS):
            await self._prepare(self)
        self._prepared = True

    async def run_now(self, script: Script, *arguments: str) -> Any:
        """Run a script at once, apart from all batches: for `prepare`."""
        call = _Call(script, [part.encode() for part in arguments], asyncio.get_running_loop().create_future())
        await self._run([call])
        return await call.answer

    async def close(self) -> None:
        """Finish what was accepted, then disconnect."""
        self._closing = True
        while self._lanes:
            await asyncio.wait(self._lanes)
        await self._redis.aclose()

    async def _drive(self) -> None:
        """Send batches until nothing waits."""
        self._starting = False
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), _BATCH))]
            try:
                if not self._prepared:
                    await self.prepare()
                async with asyncio.timeout(CONNECT_SECONDS + SECONDS):
                    await self._run(batch)
            except BaseException as error:
                self._fail(batch, error)
                if not isinstance(error, Exception):
                    raise
            else:
                if self._away:
                    _log.warning("Redis is back")
                self._away, self._pause = "", 0.0

    async def _run(self, batch: Sequence[_Call]) -> None:
        unknown = await self._send(batch, "EVALSHA")
        if unknown:
            # Redis has been started anew, or fails over: it did not run what it does not know.
            await self._send(unknown, "EVAL")

    async def _send(self, batch: Sequence[_Call], command: str) -> list[_Call]:
        """One round trip; what Redis has no script for comes back."""
        from redis.exceptions import NoScriptError

        pipeline = self._redis.pipeline(transaction=False)
        for script, arguments, _ in batch:
            named = script.digest if command == "EVALSHA" else script.text
            pipeline.execute_command(command, named, 1, self._prefix, *arguments)
        answers = await pipeline.execute(raise_on_error=False)
        unknown = []
        for call, answer in zip(batch, answers, strict=True):
            if isinstance(answer, NoScriptError) and command == "EVALSHA":
                unknown.append(call)
            elif call.answer.done():
                # Whoever asked has gone.
                continue
            elif isinstance(answer, Exception):
                call.answer.set_exception(store_error(answer))
            else:
                call.answer.set_result(answer)
        return unknown

    def _fail(self, batch: Sequence[_Call], error: BaseException) -> None:
        """Refuse the batch and all that waits, and everybody else for a moment that grows."""
        fault = store_error(error)
        if not self._away:
            _log.error("%s", fault)
        self._away = str(fault)
        self._pause = min(max(self._pause * 2, _FIRST_PAUSE), _LONGEST_PAUSE)
        self._away_until = time.monotonic() + self._pause
        waiting, self._waiting = self._waiting, deque()
        for call in (*batch, *waiting):
            if not call.answer.done():
                call.answer.set_exception(store_error(fault))


def store_error(error: BaseException) -> StoreError:
    """A new StoreError that says what `error` means; each caller gets its own."""
    if isinstance(error, StoreError):
        return StoreError(str(error))
    text = str(error)
    code = getattr(error, "status_code", None) or text.partition(" ")[0]
    sentence = _SENTENCES.get(code)
    if sentence is None and type(error).__name__ == "TimeoutError":
        # redis-py has one of its own.
        sentence = "Redis does not answer in time."
    if sentence is None:
        sentence = f"Redis failed: {text or type(error).__name__}"
    fault = StoreError(sentence)
    fault.__cause__ = error
    return fault
