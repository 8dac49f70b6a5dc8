"""Do damaged formulas, laws, maps and tables raise their own errors alone, and no wrong answer?

`make soak SET=laws` asks the same of a million inputs.
"""

import pytest

from ballotbox_protocol.election.law import judgement, tokens
from tests.tabulation.law_fuzz import KINDS, fuzz

#: About three seconds for each kind.
INPUTS = {"formula": 8_000, "law": 500, "map": 3_000, "table": 3_000}


@pytest.mark.parametrize("kind", KINDS)
def test_damage_is_refused_by_its_own_error_and_what_is_read_is_judged_right(kind):
    tally = fuzz(kind, 0, INPUTS[kind])
    assert tally.findings == []
    # Damage that is always refused would leave what comes after the reader unasked.
    assert 0.05 < tally.read[kind] / tally.inputs[kind] < 0.95


@pytest.mark.teeth
def test_an_error_that_is_not_its_own_is_found(monkeypatch):
    monkeypatch.setattr(tokens, "_unreadable", lambda character: character.nothing)
    assert "AttributeError" in fuzz("formula", 0, 50).findings[0]


@pytest.mark.teeth
def test_a_wrong_answer_is_found(monkeypatch):
    monkeypatch.setattr(
        judgement, "_sum_of", lambda columns: lambda counts: sum(counts[c] for c in columns[1:])
    )
    assert "wrong: " in fuzz("law", 0, 50).findings[0]
