"""Can readers of health and metrics slow down what they look at?"""

import asyncio

import pytest

from ballotbox_gateway.adapters.http_questions import Busy
from ballotbox_gateway.adapters.metrics_http import FRESH_S, MetricsHttp
from ballotbox_gateway.config_pages import Metrics
from ballotbox_gateway.service.metrics import health


class Offices:
    """Counts how often it is looked at; `busy` when it has no answer."""

    def __init__(self):
        self.asked = 0
        self.busy = False

    async def states(self):
        self.asked += 1
        await asyncio.sleep(0)
        if self.busy:
            raise Busy("no answer in time")
        return [{"origin": "o", "mode": "official", "convicted_by": []}]


async def got(application, path):
    """The status and the body of one request."""
    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}
    await application(scope, None, send)
    return sent[0]["status"], sent[1]["body"]


@pytest.mark.parametrize(("path", "body"), [("/health", b'{"health": "ok"'), ("/metrics", b"made")])
def test_one_answer_serves_all_who_ask_within_a_second(path, body):
    offices, seconds, exposed = Offices(), [0.0], []

    def expose(states):
        exposed.append(states)
        return b"made"

    door = MetricsHttp(Metrics(port=1), offices, health, expose, lambda: seconds[0])

    async def day():
        application = door.application()

        async def readers():
            return {*await asyncio.gather(*[got(application, path) for _ in range(50)])}

        found = [await readers()]
        seconds[0] += FRESH_S / 2
        found.append(await readers())
        assert offices.asked == 1
        seconds[0], offices.busy = FRESH_S, True
        return [*found, await readers()]

    first, second, third = asyncio.run(day())
    assert first == second
    ((status, said),) = first
    assert status == 200
    assert said.startswith(body)
    ((status, said),) = third
    assert status == 503
    assert b"no answer in time" in said
    assert offices.asked == 2
    assert len(exposed) <= 1
