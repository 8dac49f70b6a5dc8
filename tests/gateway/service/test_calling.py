"""Are boxes asked for their reports again also by a gateway whose key is away for a while?"""

import asyncio

from ballotbox_gateway.core.ports import SignerAway
from ballotbox_gateway.service.calling import call_boxes


def called(*answers):
    """What is said to the boxes, and all pauses, when the requests come out like this."""
    coming, said, pauses = iter(answers), [], []

    def requests():
        found = next(coming)
        if isinstance(found, Exception):
            raise found
        return found

    async def pause(seconds):
        pauses.append(seconds)

    asyncio.run(call_boxes(requests, said.append, pause))
    assert next(coming, None) is None
    return said, [each for each in pauses if each]


def test_a_key_that_is_away_delays_the_requests_and_is_told_once(caplog):
    away = SignerAway("key gateway of token ballotbox: DeviceRemoved")
    said, pauses = called(away, away, ["request"], [])
    assert said == [["request"]]
    assert pauses == [2.0] * 3
    told = [each.message for each in caplog.records if each.levelname == "ERROR"]
    assert told == [f"the boxes are asked later: {away}. {SignerAway.remedy}"]


def test_boxes_that_never_answer_are_asked_in_parts_and_ever_less_often():
    many = list(range(300))
    said, pauses = called(*[many] * 11, [])
    assert said[:2] == [many[:256], many[256:]]
    assert pauses == [2.0 * 2**n for n in range(9)] + [600.0] * 2
