"""Does the verdict fail on each single number that differs?"""

import pytest

from ballotbox_simulator.verdict import Conclusion

NUMBERS = ("fed", "counted", "receipted", "stored", "tabulated")


def conclusion(**changes: int) -> Conclusion:
    return Conclusion(**(dict.fromkeys(NUMBERS, 10) | changes))


def test_five_equal_numbers_pass() -> None:
    line = conclusion().line()

    assert line == (
        "VERDICT: PASS sheets fed 10 = counted 10 = receipted 10 = stored 10 = tabulated 10;"
        " refused: nothing"
    )


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [9, 11])
def test_one_different_number_fails_and_all_are_shown(name: str, value: int) -> None:
    spoiled = conclusion(**{name: value})

    assert not spoiled.passed
    assert spoiled.line().startswith("VERDICT: FAIL the numbers differ")
    assert f"{name} {value}" in spoiled.line()


def test_an_objection_fails_even_when_the_numbers_agree() -> None:
    spoiled = conclusion()
    spoiled.objections.append("different receipts for one report")

    assert spoiled.line().startswith("VERDICT: FAIL different receipts for one report")
