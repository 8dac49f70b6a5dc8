"""Does whoever waits for a road go on when it is there, and nobody before?"""

import asyncio

from ballotbox_device.host.presence import Presence


def test_all_who_wait_go_on_when_it_is_there():
    async def scene():
        presence = Presence()
        waiting = [asyncio.create_task(presence.wait()) for _ in range(3)]
        await asyncio.sleep(0)
        assert not presence.is_set()
        assert not any(each.done() for each in waiting)
        presence.set()
        await asyncio.gather(*waiting)
        assert presence.is_set()
        await presence.wait()

    asyncio.run(scene())


def test_who_gives_up_leaves_the_others_waiting():
    async def scene():
        presence = Presence()
        one, other = (asyncio.create_task(presence.wait()) for _ in range(2))
        await asyncio.sleep(0)
        one.cancel()
        await asyncio.gather(one, return_exceptions=True)
        assert one.cancelled()
        presence.set()
        await other

    asyncio.run(scene())


def test_what_was_lost_is_waited_for_again():
    async def scene():
        presence = Presence()
        presence.set()
        presence.clear()
        waiting = asyncio.create_task(presence.wait())
        await asyncio.sleep(0)
        assert not waiting.done()
        presence.set()
        await waiting

    asyncio.run(scene())
