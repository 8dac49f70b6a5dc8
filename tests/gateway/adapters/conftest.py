"""What tests of the roads share."""

import socket

import pytest


@pytest.fixture
def unused_port():
    """A TCP port of the loopback interface on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
