"""What becomes of an answer for which nobody waits any longer?"""

import asyncio

import pytest

from ballotbox_gateway.adapters.http_questions import Busy, Questions, asked


def test_an_answer_that_comes_too_late_ends_nothing_but_its_own_question():
    async def day():
        bugs, answered = [], []
        owner = asyncio.new_event_loop()
        owner.set_exception_handler(lambda _, context: bugs.append(context))
        questions = Questions(owner, 1)
        with pytest.raises(Busy, match="no answer in time"):
            await questions.ask(lambda: answered.append("late"), 0.0)
        # Only now does the loop come to its questions.
        next_one = asked(owner, lambda: "well")
        owner.call_soon(owner.stop)
        await asyncio.to_thread(owner.run_forever)
        owner.close()
        return bugs, answered, next_one.result(0)

    assert asyncio.run(day()) == ([], [], "well")
