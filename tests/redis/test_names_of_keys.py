"""What the keys of Redis are called: each belongs to something (C95), and nothing of a deleted user is left (N34)."""

from pathlib import Path

import pytest

from egc.runtime.store.redis import RedisStore
from tests.admin.conftest import EVE
from tests.admin.house import House
from tests.redis_servers import RedisServer

pytestmark = pytest.mark.slow


def keys(server: RedisServer, namespace: str) -> set[str]:
    found = server.ask("KEYS", f"*{namespace}*").decode().split("\r\n")
    return {word for word in found if namespace in word}


def test_scopes_of_a_key_leave_no_stray_set_and_a_deleted_user_leaves_nothing(
    tmp_path: Path, redis: RedisServer
) -> None:
    namespace = redis.namespace()
    store = RedisStore(host="127.0.0.1", port=redis.port, namespace=namespace)
    with House(tmp_path, store=store) as house:
        house.post("/scopes", {"scopes": ["read", "write"]})
        before = keys(redis, namespace)
        house.made("/users", EVE)
        house.made("/apps", {"userId": "eve", "name": "shop"})
        for type_ in ("key-auth", "jwt"):
            made = house.made("/credentials", {"consumerId": "shop", "type": type_, "credential": {"scopes": ["read"]}})
            path = f"/credentials/{type_}/{made['keyId']}/scopes"
            assert house.put(f"{path}/write").status_code == 204
            assert house.delete(f"{path}/read").status_code == 204
            assert house.put(path, {"scopes": ["read"]}).status_code == 204
        during = keys(redis, namespace)
        assert len(during) > len(before)
        assert not [key for key in during if "undefined" in key or "None" in key]
        assert house.delete("/users/eve").status_code == 204
        assert keys(redis, namespace) <= before
