"""Record what a real Express Gateway leaves in a real Redis: `python -m tests.migrate.record`.

Needs node, npm and redis-server. Writes `redis.jsonl.gz`, a dump as `egc migrate` reads it, and `held.jsonl.gz`: what
was given out, and whether Express Gateway let in who held it.
"""

import argparse
import gzip
import json
from dataclasses import asdict
from pathlib import Path

from egc.compiler.migrate import dump
from egc.compiler.migrate.server import Server
from tests.migrate.express_gateway import ExpressGateway, RedisServer
from tests.migrate.fill import Filler, Held

HERE = Path(__file__).parent / "recorded"
DUMP = "redis.jsonl.gz"
HELD = "held.jsonl.gz"
USERS = 100
ROUNDS = 8


def main() -> None:
    """Record again what is committed."""
    parser = argparse.ArgumentParser(description="Record what Express Gateway leaves in Redis.")
    parser.add_argument("--users", type=int, default=USERS)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="crypto.saltRounds")
    parser.add_argument("--to", type=Path, default=HERE)
    options = parser.parse_args()
    options.to.mkdir(exist_ok=True)
    (options.to / DUMP).unlink(missing_ok=True)
    with RedisServer() as server, ExpressGateway(server, options.rounds) as gateway:
        filler = Filler(gateway, server)
        filler.fill(options.users)
        source = Server(server.url, "EG")
        keys = dump.write(options.to / DUMP, source)
        source.close()
        held = filler.ask()
    write(options.to / HELD, held)
    print(f"{keys} keys, {len(held)} things that were given out, {sum(one.works for one in held)} of which work")


def write(path: Path, held: list[Held]) -> None:
    """Write what was given out."""
    lines = "".join(json.dumps(asdict(one)) + "\n" for one in held)
    path.write_bytes(gzip.compress(lines.encode(), mtime=0))


def read(path: Path) -> list[Held]:
    """Read what was given out."""
    return [Held(**json.loads(line)) for line in gzip.decompress(path.read_bytes()).splitlines()]


if __name__ == "__main__":
    main()
