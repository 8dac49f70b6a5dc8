"""The parts of a precinct: a broker of the test's own, and gateways as their users have them."""

from pathlib import Path

import pytest

from tests.brokers import mosquitto
from tests.end_to_end.field_gateway import FieldGateway
from tests.gateway.scripted import CENTRE, ORIGIN, authority


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    """A running mosquitto on a free loopback port."""
    with mosquitto(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture(scope="session")
def election():
    """A small election with all its keys."""
    return authority()


@pytest.fixture
def gateway(tmp_path: Path, election):
    """A precinct gateway's folder; nothing is configured yet."""
    field = FieldGateway(tmp_path / "g", election, ORIGIN)
    yield field
    field.kill()


@pytest.fixture
def centre(tmp_path: Path, election):
    """A centre's folder; nothing is configured yet."""
    field = FieldGateway(tmp_path / "c", election, CENTRE)
    yield field
    field.kill()


@pytest.fixture
def mqtt_table(broker, tmp_path):
    """The settings of the broker, with a session that no other test has used."""
    return f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\nclient_id = "{tmp_path.name[:60]}"\n'
