"""Is a sheet that is not plain handled as the law says, class by class?"""

from dataclasses import replace
from itertools import product

import pytest

from ballotbox_device.core import interpret
from ballotbox_device.core.interpret import Judgement
from ballotbox_device.core.poll import Intake
from ballotbox_device.core.sheet import ReturnReason, Sheet
from ballotbox_protocol.election.definition import Handling, MarkPolicy, Precinct
from tests.device.polling_place import (
    AWAY,
    BLANK,
    HOME_1,
    OVERVOTED,
    UNREADABLE,
    authority,
    marks,
    portable,
)

ELECTION = authority().trusted.election
EVERYWHERE = Precinct(2, "Embassy", 30, (0, 1))
FULL = Sheet(0, 1, (marks(0, 3),))
ALL = frozenset(
    {ReturnReason.OVERVOTED, ReturnReason.BLANK, ReturnReason.UNDERVOTED, ReturnReason.MARGINAL}
)
#: Of each sheet the classes it is in, in the order in which its voter is told of them.
CLASSES = [
    (FULL, ()),
    (HOME_1, ()),
    (OVERVOTED, (ReturnReason.OVERVOTED,)),
    (BLANK, (ReturnReason.BLANK, ReturnReason.UNDERVOTED)),
    (Sheet(0, 1, (marks(2),)), (ReturnReason.UNDERVOTED,)),
    (Sheet(0, 0, (marks(), marks(1))), (ReturnReason.UNDERVOTED,)),
    (Sheet(0, 0, (marks(0, 1), marks())), (ReturnReason.OVERVOTED, ReturnReason.UNDERVOTED)),
    (replace(FULL, marginal=True), (ReturnReason.MARGINAL,)),
    (
        replace(BLANK, marginal=True),
        (ReturnReason.BLANK, ReturnReason.UNDERVOTED, ReturnReason.MARGINAL),
    ),
    (
        Sheet(0, 0, (marks(0, 1), marks()), marginal=True),
        (ReturnReason.OVERVOTED, ReturnReason.UNDERVOTED, ReturnReason.MARGINAL),
    ),
]
POLICIES = [MarkPolicy(*handling) for handling in product(Handling, repeat=4)]


def judge(sheet, policy, intake=Intake.VOTERS):
    return interpret.judge(sheet, replace(ELECTION, policy=policy), EVERYWHERE, intake)


def handling_of(reason, policy):
    return getattr(policy, reason.name.lower())


@pytest.mark.parametrize(("sheet", "classes"), CLASSES)
def test_the_first_class_that_the_law_does_not_accept_decides(sheet, classes):
    for policy in POLICIES:
        objections = [each for each in classes if handling_of(each, policy) is not Handling.ACCEPT]
        judged = judge(sheet, policy)
        if not objections:
            assert judged is None
            continue
        insisting = handling_of(objections[0], policy) is Handling.SECOND_CHANCE
        assert judged == Judgement(objections[0], may_insist=insisting)


def test_every_class_is_tried():
    assert {each for _, classes in CLASSES for each in classes} == ALL


@pytest.mark.parametrize("sheet", [HOME_1, OVERVOTED, BLANK])
def test_without_the_stamp_no_insistence_helps(sheet):
    strict = MarkPolicy(*[Handling.SECOND_CHANCE] * 4, stamp=True)
    bare = replace(sheet, stamped=False)
    assert judge(bare, strict) == Judgement(ReturnReason.NO_STAMP)
    assert judge(bare, replace(strict, stamp=False)) == judge(sheet, strict)


@pytest.mark.parametrize(
    ("sheet", "intake", "reason"),
    [
        (UNREADABLE, Intake.VOTERS, ReturnReason.UNREADABLE),
        (portable(AWAY), Intake.VOTERS, ReturnReason.FROM_PORTABLE_BOX),
        (AWAY, Intake.PORTABLE, ReturnReason.NOT_FROM_PORTABLE_BOX),
        (replace(AWAY, style=2), Intake.VOTERS, ReturnReason.UNKNOWN_STYLE),
        (replace(AWAY, number=1), Intake.VOTERS, ReturnReason.UNKNOWN_SHEET),
    ],
)
def test_what_cannot_count_is_not_a_matter_of_law(sheet, intake, reason):
    for policy in POLICIES:
        assert judge(replace(sheet, stamped=False), replace(policy, stamp=True), intake) == (
            Judgement(reason)
        )
