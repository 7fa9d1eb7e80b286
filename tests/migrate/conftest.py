"""A gateway of egc that took over what an Express Gateway left."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.migrate.express_gateway import write_configuration
from tests.running import Running, free_port


@contextmanager
def gateway(directory: Path) -> Iterator[Running]:
    """`egc run` on the configuration of Express Gateway in `directory`, made here if need be; its store is in data/."""
    port, admin = free_port(), free_port()
    config = directory / "config"
    config.mkdir(exist_ok=True)
    write_configuration(config, port, admin, redis_port=1)
    system = config / "system.config.yml"
    system.write_text(system.read_text().replace("db: {redis: {", "db: {redis: {emulate: true, "))
    with Running.project(config, port=port, admin_port=admin, env={"EGC_DATA": str(directory / "data")}) as running:
        yield running
