"""Do a gateway and the tabulation of its log agree on which count by hand is in force?"""

from hypothesis import given, settings
from hypothesis import strategies as st

from ballotbox_gateway.service.count_records import stored_counts
from ballotbox_gateway.service.count_standings import standings_at
from ballotbox_protocol.wire.hand_count import HandCount
from ballotbox_protocol.wire.statements import RulingKind
from tests.end_to_end.test_gateway_and_tabulation_agree import tabulated
from tests.gateway.scene import Scene
from tests.gateway.scripted import authority, corrected, counted, ruling

GIVEN = authority()
FIRST = counted(GIVEN)
RIVAL = counted(GIVEN, lines=(("1", 104), ("1a", 4)))
VERSIONS = (
    FIRST,
    RIVAL,
    *(corrected(GIVEN, before, why) for before in (FIRST, RIVAL) for why in ("one", "another")),
    counted(GIVEN, lines=(("1", 106), ("1a", 5))),
    counted(GIVEN, officers=(0,), lines=(("1", 103), ("1a", 3))),
    corrected(GIVEN, FIRST, version=3),
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("count", "name", "overrule")), st.sampled_from(range(len(VERSIONS)))
    ),
    min_size=1,
    max_size=16,
)


def naming(scene: Scene, count: HandCount, step: str) -> bytes:
    """What officers sign who name a version, and may overrule each naming that holds."""
    holding = standings_at(scene.ledger, count.place).holding
    overrules = tuple(each.id for each in holding) if step == "overrule" else ()
    return ruling(GIVEN, RulingKind.NAME, count.id, overrules=overrules)


@settings(max_examples=100, deadline=None)
@given(STEPS)
def test_they_agree_after_any_history(steps: list[tuple[str, int]]) -> None:
    scene = Scene()
    scene.intake.count_by_hand(FIRST.to_bytes(), scene.now)
    for step, at in steps:
        if step != "count":
            scene.intake.rule(naming(scene, VERSIONS[at], step), scene.now)
        else:
            scene.intake.count_by_hand(VERSIONS[at].to_bytes(), scene.now)
    here = stored_counts(scene.ledger, FIRST.precinct, FIRST.contest)["counts"]
    told = {each["leaf"]: (each["verdict"], each["in_force"]) for each in here}
    listed = {
        scene.ledger.report(each.count.id).newest: (each.verdict.name.lower(), each.in_force)
        for each in tabulated(scene).by_hand
    }
    assert listed == told
