"""Does the second copy follow the log in the background, and stop nothing when it cannot?"""

import asyncio
import logging

import pytest

from ballotbox_gateway.adapters.backoff import Backoff
from ballotbox_gateway.adapters.second_copy import SecondCopy
from ballotbox_gateway.service import follower as module
from ballotbox_gateway.service.follower import Follower
from ballotbox_protocol.wire.report import ReportKind
from tests.gateway.scene import Scene
from tests.gateway.scripted import ORIGIN
from tests.patience import soon


class Following:
    """A follower of a scene's log, on a clock of its own."""

    def __init__(self, directory):
        self.scene = Scene()
        self.time = 100
        self.copy = SecondCopy(directory, ORIGIN, self.scene.given.gateway_keys[ORIGIN].public)
        self.follower = Follower(
            self.copy, self.scene.intake, Backoff(lambda: 0.0), lambda: self.time
        )
        self.follower.pause_s = 0.0
        self.task = None

    def report(self):
        self.scene.send(ReportKind.BOOT)
        self.follower.wake()

    def start(self):
        self.task = asyncio.create_task(self.follower.run())

    async def until(self, condition):
        await soon(condition, "the copy")

    async def stop(self):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.follower.finish()

    def size(self):
        head = self.copy.head()
        return head.size if head else 0


@pytest.fixture
def following(tmp_path):
    return Following(tmp_path / "copy")


def test_it_follows_and_is_complete_at_the_end(following):
    async def life():
        following.report()
        following.start()
        await following.until(lambda: following.size() == 1)
        following.report()
        following.report()
        await following.until(lambda: following.size() == 3)
        following.report()
        await following.stop()

    asyncio.run(life())
    assert following.size() == 4
    assert following.copy.is_complete()
    assert following.follower.status()["behind"] == 0


def test_the_lag_is_told_in_leaves_and_seconds(following):
    following.report()
    following.time = 107
    following.report()
    status = following.follower.status()
    assert (status["behind"], status["behind_s"]) == (2, 7)
    asyncio.run(following.follower.finish())
    status = following.follower.status()
    assert (status["behind"], status["behind_s"]) == (0, 0)


def test_a_copy_that_cannot_be_written_is_told_once_and_tried_again(following, caplog, tmp_path):
    caplog.set_level(logging.INFO)
    (tmp_path / "copy").write_text("in the way")

    async def life():
        following.report()
        following.start()
        await following.until(lambda: following.follower._backoff.failures > 3)
        assert "cannot be" in following.follower.status()["trouble"]
        (tmp_path / "copy").unlink()
        await following.until(lambda: following.size() == 1)
        await following.until(lambda: not following.follower.trouble)
        await following.stop()

    asyncio.run(life())
    told = [record.getMessage() for record in caplog.records]
    assert sum("The intake goes on without it" in line for line in told) == 1
    assert sum("is written again" in line for line in told) == 1


def test_an_end_that_cannot_write_is_told_and_ends(following, caplog, tmp_path):
    (tmp_path / "copy").write_text("in the way")
    following.report()
    asyncio.run(following.follower.finish())
    assert "The intake goes on without it" in caplog.text
    assert not (tmp_path / "copy").is_dir()


def test_a_medium_that_hangs_does_not_keep_the_gateway(following, monkeypatch, caplog):
    hanging = asyncio.Event()

    async def hang(_work):
        await hanging.wait()

    monkeypatch.setattr(module, "in_thread", hang)
    monkeypatch.setattr(module, "FINISH_S", 0.0)
    following.report()
    asyncio.run(following.follower.finish())
    assert "was not complete after 0 s. The next start completes it" in caplog.text
