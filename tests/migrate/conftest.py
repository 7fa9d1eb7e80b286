"""A gateway of egc that took over what an Express Gateway left."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from egc.compiler.cli import main
from tests.migrate.express_gateway import write_configuration
from tests.redis_servers import redis_server
from tests.running import Running, free_port


@contextmanager
def taken_over(directory: Path, source: Sequence[str], store: str) -> Iterator[Running]:
    """`egc migrate` into the store of a configuration of Express Gateway, and `egc run` on it.

    Arguments:
        directory: where the configuration is made.
        source: the options that say what is read.
        store: `sqlite`, or `redis` for a server of its own.
    """
    port, admin = free_port(), free_port()
    config = directory / store / "config"
    config.mkdir(parents=True)
    with ExitStack() as stack:
        if store == "redis":
            shared = stack.enter_context(redis_server(directory / store))
            write_configuration(config, port, admin, redis_port=shared.port)
        else:
            write_configuration(config, port, admin, redis_port=1)
            system = config / "system.config.yml"
            system.write_text(system.read_text().replace("db: {redis: {", "db: {redis: {emulate: true, "))
        assert main(["migrate", *source, "--to", str(config)]) == 0
        yield stack.enter_context(Running.project(config, port=port, admin_port=admin))
