"""Does only the receipt of a released result prove to its officers that the centre entered it?"""

from base64 import b64encode

import pytest

from ballotbox_gateway.core.upward import UpwardReply
from ballotbox_tabulation.centre_http import Centre, NotTaken
from tests.gateway.below import Levels, LowerLog
from tests.gateway.scripted import OTHER
from tests.gateway.test_publications import GIVEN, entry_of, released, take


def test_the_receipt_of_what_was_set_aside_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another log brought the statement before, and the centre gave that its receipt."""
    levels = Levels(GIVEN)
    given = released(levels.centre)
    reply = levels.take(LowerLog(GIVEN, OTHER).batch(entry_of(given)))
    assert isinstance(reply, UpwardReply)
    entered = take(levels.centre, given).receipt
    answers = [*reply.receipts, entered]
    monkeypatch.setattr(
        Centre, "_ask", lambda *_: (200, {"receipt": b64encode(answers.pop(0)).decode()})
    )
    centre = Centre("http://127.0.0.1:1")
    with pytest.raises(NotTaken, match="does not prove that the statement is in its log"):
        centre.enter(given, GIVEN.trusted)
    assert centre.enter(given, GIVEN.trusted) == entered
