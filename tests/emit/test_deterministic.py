"""P4: the same configuration is the same bytes, wherever and whenever it is compiled."""

import os
import random
import subprocess
import sys
from pathlib import Path

from egc.compiler.node import Entry, Mapping, Node, Scalar, Sequence
from tests.emit.hostile import HERE, tree
from tests.emit.test_hostile import compiled

EXAMPLES = Path(__file__).parents[2] / "examples"

PROGRAM = """
import hashlib, os, sys
from pathlib import Path
from egc.compiler import compile_project
for config in sorted(Path(sys.argv[1]).glob("*/gateway.config.yml")):
    for name, text in compile_project(config.parent, {}).files.items():
        print(config.parent.name, name, hashlib.sha256(text.encode()).hexdigest())
"""


def test_hash_seed_time_zone_and_locale_change_nothing() -> None:
    places = [("0", "UTC", "C"), ("1", "Asia/Kolkata", "C.UTF-8"), ("4242", "America/St_Johns", "POSIX")]
    seen = set()
    for seed, zone, locale in places:
        environ = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": locale}
        run = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(EXAMPLES)], env=environ, capture_output=True, text=True, check=True
        )
        assert run.stdout.count("gateway.py") >= 4
        seen.add(run.stdout)
    assert len(seen) == 1


CONFIGURATION = {
    "http": {"port": 80, "hostname": "h", "trustedProxies": ["10.0.0.0/8"]},
    "admin": {"port": 1, "host": "localhost"},
    "apiEndpoints": {
        "b": {"host": "h", "paths": ["/b", "/c"], "methods": "GET", "scopes": ["s"]},
        "a": [{"pathRegex": "^/a", "methods": ["PUT"]}, {"paths": "/:x"}],
    },
    "serviceEndpoints": {
        "t": {"url": "http://t", "proxyOptions": {"timeout": 1, "auth": "u:p"}},
        "s": {"urls": ["http://a", "http://b"]},
    },
    "policies": ["proxy", "oauth2", "terminate"],
    "pipelines": {
        "q": {
            "apiEndpoints": ["a"],
            "policies": [{"oauth2": None}, {"proxy": {"action": {"serviceEndpoint": "t", "xfwd": True}}}],
        },
        "p": {
            "apiEndpoints": ["b"],
            "policies": [
                {"terminate": {"condition": {"name": "always"}, "action": {"message": "m", "statusCode": 200}}}
            ],
        },
    },
}
ORDERED = ("apiEndpoints", "serviceEndpoints", "pipelines")
"""Sections whose order has a meaning: which route is asked first, and which of two names is the plain one."""


def shuffled(node: Node, chance: random.Random, keep: bool = False) -> Node:
    """The same tree with the keys of mappings in another order, where their order means nothing."""
    if isinstance(node, Sequence):
        return Sequence(tuple(shuffled(item, chance) for item in node), node.span)
    if isinstance(node, Scalar):
        return node
    entries = [Entry(entry.key, shuffled(entry.value, chance, entry.name in ORDERED)) for entry in node]
    if not keep:
        chance.shuffle(entries)
    return Mapping(tuple(entries), HERE)


def test_the_order_of_keys_changes_nothing_where_it_means_nothing() -> None:
    gateway, system = tree(CONFIGURATION), tree({"oauth2": {"grants": ["implicit"]}})
    _, plain = compiled(gateway, system)
    for seed in range(25):
        assert compiled(shuffled(gateway, random.Random(seed)), system)[1] == plain
