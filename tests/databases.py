"""A PostgreSQL of the test run's own, started when the first test asks; without one they skip."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from ballotbox_gateway.config_postgresql import Postgresql
from ballotbox_simulator.live.postgresql import PostgresqlUnavailable, TemporaryCluster

NewSchema = Callable[[], Postgresql]


def settings_in(cluster: TemporaryCluster, schema: str, **more: object) -> Postgresql:
    """Return the settings of a ledger in a schema of a cluster."""
    given = {"host": cluster.host, "dbname": cluster.dbname, "user": cluster.user}
    return Postgresql.model_validate(given | {"schema": schema} | more)


@pytest.fixture(scope="session")
def cluster() -> Iterator[TemporaryCluster]:
    """A running PostgreSQL, which several tests use one after the other."""
    try:
        made = TemporaryCluster()
    except PostgresqlUnavailable as error:
        pytest.skip(str(error))
    with made:
        yield made


@pytest.fixture(scope="session")
def new_schema(cluster: TemporaryCluster) -> NewSchema:
    """Return the settings of a ledger that is not there yet, another one at each call."""
    numbers = count()
    return lambda: settings_in(cluster, f"ledger_{next(numbers)}")
