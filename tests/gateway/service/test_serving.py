"""Does a gateway that serves look for garbage again, which its start did without?"""

import asyncio
import gc
from collections.abc import Callable

import pytest

from ballotbox_gateway.marking import MarkFilter
from ballotbox_gateway.service import serving

SEEN = []


class Serves:
    def __init__(self, parts: list) -> None:
        del parts

    async def run(self, ready: Callable[[], None]) -> None:
        del ready
        SEEN.append(gc.isenabled())


def test_garbage_is_looked_for_while_it_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "Gateway", Serves)
    SEEN.clear()
    usual = gc.get_threshold()
    gc.disable()
    try:
        asyncio.run(serving.serve([], MarkFilter()))
    finally:
        gc.unfreeze()
        gc.set_threshold(*usual)
        gc.enable()
    assert SEEN == [True]
