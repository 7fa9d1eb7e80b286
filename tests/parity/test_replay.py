"""Each recorded case, replayed against `egc run`."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from _pytest.mark import ParameterSet

from tests.parity.case import Case, load_all
from tests.parity.replay import Player
from tests.parity.services import Services
from tests.redis_servers import RedisServer
from tests.running import EGC, Running

DOES_NOT_COMPILE = 3


QUICK = ("routing-hosts", "routing-methods")
"""Cases that belong to the quick tier; all others are slow together."""


def cases() -> Iterator[ParameterSet]:
    """Every recorded case as a test of its own."""
    for case in load_all():
        yield pytest.param(case, id=case.name, marks=() if case.name.startswith(QUICK) else pytest.mark.slow)


STATEFUL = ("admin", "basic-auth", "jwt", "key-auth", "oauth2", "rate-limit")
"""Cases about what is kept: they are replayed on the shared store, too."""


def stateful() -> Iterator[ParameterSet]:
    """Those cases whose gateway starts."""
    for case in load_all():
        if case.name.startswith(STATEFUL) and case.started is not None and case.expected_start():
            yield pytest.param(case, id=case.name)


@pytest.mark.parametrize("case", list(cases()))
def test_egc_answers_as_recorded(case: Case, tmp_path: Path) -> None:
    assert case.started is not None, "not recorded yet: python -m tests.parity.record"
    with Services() as services:
        player = Player(case, services, tmp_path)
        player.write_config()
        if not case.expected_start():
            refused(case, player)
            return
        replay(case, player)


@pytest.mark.slow
@pytest.mark.parametrize("case", list(stateful()))
def test_egc_answers_as_recorded_on_redis(case: Case, tmp_path: Path, redis: RedisServer) -> None:
    with Services() as services:
        player = Player(case, services, tmp_path)
        player.write_config()
        on_redis(player.config, redis)
        replay(case, player)
    assert redis.ask("KEYS", f"{redis.last}-egc:*") != b"*0\r\n"


def on_redis(config: Path, redis: RedisServer) -> None:
    """Have a configuration keep its state in Redis, under a namespace of its own."""
    path = config / "system.config.yml"
    system = yaml.safe_load(path.read_text()) or {}
    place = {"emulate": False, "host": "127.0.0.1", "port": redis.port, "namespace": redis.namespace()}
    system["db"] = {"redis": place}
    path.write_text(yaml.safe_dump(system, sort_keys=False))


def replay(case: Case, player: Player) -> None:
    """Play the case against `egc run`; fail with all that differs."""
    gateway = Running.project(
        player.config,
        port=player.ports["http"],
        admin_port=None if case.has_section("admin") else player.ports["admin"],
        env={"TZ": "UTC", **player.env},
    )
    with gateway:
        answers = player.play()
    wrong = [
        f"{exchange.name}: instead {shown(differing(case.expected(exchange), answers[exchange.name]))}"
        for exchange in case.exchanges
        if answers[exchange.name] != case.expected(exchange)
    ]
    if wrong:
        pytest.fail("\n".join([case.name, *wrong]), pytrace=False)


def refused(case: Case, player: Player) -> None:
    """`egc run` ends at once with the code that the case names, says why, and listens nowhere."""
    done = subprocess.run(
        [*EGC, "run", str(player.config)],
        env={**os.environ, **player.env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == (case.egc or {}).get("code", DOES_NOT_COMPILE), done.stderr
    assert case.says, "a refused configuration needs `says`"
    assert re.search(case.says, done.stderr), done.stderr


def differing(expected: Any, found: Any) -> Any:
    """The changes that make the expected answer the one that was found, as `egc` of an exchange would say them."""
    if isinstance(expected, dict) and isinstance(found, dict):
        names = [name for name in {**expected, **found} if expected.get(name) != found.get(name)]
        return {name: differing(expected.get(name), found.get(name)) for name in names}
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        return [differing(one, other) if one != other else {} for one, other in zip(expected, found, strict=True)]
    return found


def shown(value: Any) -> str:
    """A value on one line, as YAML."""
    return yaml.safe_dump(value, default_flow_style=True, width=10**9, sort_keys=False, allow_unicode=True).strip()
