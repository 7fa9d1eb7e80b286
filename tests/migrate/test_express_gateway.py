"""The way over at full size: an Express Gateway is filled through its own Admin API, and its data carried to egc."""

import os
from collections import Counter
from pathlib import Path

import pytest

from tests.migrate.conftest import taken_over
from tests.migrate.express_gateway import CIPHER_KEY, ExpressGateway, RedisServer
from tests.migrate.fill import Filler
from tests.migrate.test_recorded import SAMPLES, wrong
from tests.needs import needs

pytestmark = [pytest.mark.hostile, pytest.mark.timeout(3600)]

USERS = int(os.environ.get("EGC_MIGRATE_USERS", "1000"))
ROUNDS = 4
"""bcrypt in JavaScript: at ten rounds Express Gateway would hash for an hour."""


def test_nobody_who_was_let_in_logs_in_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs("node", "npm", "redis-server")
    monkeypatch.setenv("EGC_CIPHER_KEY", CIPHER_KEY)
    with RedisServer() as server, ExpressGateway(server, ROUNDS) as express_gateway:
        filler = Filler(express_gateway, server)
        filler.fill(USERS)
        assert len(list(server.client.scan_iter(match="EG-user:*", count=1000))) >= 0.95 * USERS
        assert len(list(server.client.scan_iter(match="EG-application:*", count=1000))) >= 1.85 * USERS
        held = filler.ask()
        working = Counter(one.kind for one in held if one.works)
        assert working["token"] + working["refresh"] >= 5 * USERS
        source = ["--from-redis", server.url]
        for store in ("sqlite", "redis"):
            with taken_over(tmp_path, source, store) as running:
                asked, found = wrong(running.url, held)
            assert found == []
            for kind, most in SAMPLES.items():
                assert asked[kind, True] == min(most, working[kind])
                assert asked[kind, False] == sum(one.kind == kind and not one.works for one in held) > 0
