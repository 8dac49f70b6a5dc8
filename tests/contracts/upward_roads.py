"""Every road to a centre, each as what delivers one batch and returns the answer."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from ballotbox_gateway.adapters.backoff import Backoff
from ballotbox_gateway.adapters.http_intake import HttpIntake
from ballotbox_gateway.adapters.mqtt_from_below import MqttFromBelow
from ballotbox_gateway.adapters.roads import CarrierState
from ballotbox_gateway.adapters.stick_folder import StickFolder
from ballotbox_gateway.adapters.upstream_http import UpstreamHttp
from ballotbox_gateway.adapters.upstream_mqtt import UpstreamMqtt
from ballotbox_gateway.config_roads import Http, Mqtt, Upstream
from ballotbox_gateway.core.carrying import take_in
from ballotbox_gateway.core.stick import MANIFEST_NAME, Manifest, Stretch, leaves_name, listed
from ballotbox_gateway.core.upward import (
    UpwardBatch,
    UpwardConflict,
    UpwardFault,
    UpwardReply,
)
from ballotbox_protocol.wire.merkle import Tree, leaf_hash
from ballotbox_simulator.live.broker import Broker, free_port
from tests.gateway.adapters.upper_office import Office
from tests.gateway.scripted import CENTRE, ORIGIN, authority
from tests.patience import soon

Answer = UpwardReply | UpwardConflict | UpwardFault
Deliver = Callable[[UpwardBatch], Answer]
PATIENCE_S = 20


class Centre:
    """A centre's office on a loop in a thread of its own."""

    def __init__(self) -> None:
        self.office = Office(authority())
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PATIENCE_S)
        self.loop.close()

    def on_loop(self, work: object) -> object:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE_S)


@contextmanager
def by_http(centre: Centre, _broker: Broker, _folder: Path) -> Iterator[Deliver]:
    port = free_port()

    async def start() -> HttpIntake:
        server = HttpIntake(Http(port=port), centre.office)
        server.start()
        return server

    server = centre.on_loop(start())
    way = UpstreamHttp(Upstream(url=f"http://127.0.0.1:{port}", origin=CENTRE))
    yield way.deliver
    way.close()
    server.stop()


@contextmanager
def by_mqtt(centre: Centre, broker: Broker, folder: Path) -> Iterator[Deliver]:
    digest = authority().trusted.digest

    async def start() -> "asyncio.Task[None]":
        settings = Mqtt(host="127.0.0.1", port=broker.port, client_id=f"centre-{folder.name}")
        road = MqttFromBelow(settings, CENTRE, digest, centre.office.take_in, Backoff(lambda: 0))
        task = asyncio.create_task(road.run())
        await soon(lambda: road.state is CarrierState.UP, "the centre at the broker")
        return task

    async def stop() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    task = centre.on_loop(start())
    settings = Upstream(url=f"mqtt://127.0.0.1:{broker.port}", origin=CENTRE, timeout_s=5)
    way = UpstreamMqtt(settings, ORIGIN, digest)
    yield way.deliver
    way.close()
    centre.on_loop(stop())


@contextmanager
def by_stick(centre: Centre, _broker: Broker, folder: Path) -> Iterator[Deliver]:
    yield lambda batch: carried(batch, folder, centre.office.take_in)


LEAVES: list[bytes] = []


def carried(batch: UpwardBatch, medium: Path, admit: Deliver) -> Answer:
    """Write one batch to a stick, take it in above, and return what comes back on the stick."""
    LEAVES[batch.first : batch.stop] = [entry.leaf for entry in batch.entries]
    tree = Tree([leaf_hash(leaf) for leaf in LEAVES[: batch.first]])
    stick = StickFolder.on(medium, batch.origin, CENTRE)
    name = leaves_name(batch.first, batch.stop)
    data = Stretch(batch, tree.frontier().hashes).to_bytes()
    digest = authority().trusted.digest.hex()
    files = (listed(name, data),)
    manifest = Manifest(batch.origin, CENTRE, digest, batch.first, batch.stop, files)
    stick.write(name, data)
    stick.write(MANIFEST_NAME, manifest.to_bytes())
    key = authority().trusted.register.gateway_keys[batch.origin]
    (taken,) = take_in(stick.manifest(), stick.read, key, admit)
    if taken.expected is not None:
        return UpwardConflict(taken.expected)
    return taken.fault or taken.returned.reply


ROADS = {"http": by_http, "mqtt": by_mqtt, "stick": by_stick}
