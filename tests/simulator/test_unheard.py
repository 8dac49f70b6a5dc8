"""Is a restored box excused only where no log has anything of what it was made to forget?"""

from ballotbox_simulator.world.faults import FaultClass
from ballotbox_simulator.world.run import run_world
from ballotbox_simulator.world.scenario_file import load_scenario
from ballotbox_simulator.world.swarm import swarm_day
from ballotbox_simulator.world.world import World


def test_what_a_log_has_of_it_is_evidence_and_excuses_nothing():
    world = World(load_scenario("restored-box").day(1))
    outcome = run_world(world)
    assert world.auditor.blows.forgotten
    assert not world.auditor.blows.unheard
    assert (outcome.held_to, outcome.findings) == (FaultClass.NAMED, ())


def test_what_no_log_has_of_it_only_paper_knows():
    world = World(swarm_day(179578814050))
    outcome = run_world(world)
    assert world.auditor.blows.unheard == set(world.auditor.blows.forgotten)
    assert (outcome.held_to, outcome.findings) == (FaultClass.UNDETECTABLE, ())
