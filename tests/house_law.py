"""A small law of two lines, with one relation that blocks and one that does not."""

from typing import Final

from ballotbox_protocol.election.law.source import law_digest, load_law

TEXT: Final = """
name = "house"
title = "House law"
country = "Nowhere"
source = "this test"

[[line]]
number = "1"
title = "Ballots in the box"

[[line]]
number = "1a"
title = "of them spoiled"

[[options]]
name = "votes"
title = "Votes"

[[parameter]]
name = "M"
title = "Marks allowed"

[[relation]]
name = "H"
title = "All is there"
holds = "M * [1] = [1a] + sum(votes)"
weight = "hard"
nature = "arithmetic"
state = "confirmed"
source = "this test"

[[relation]]
name = "D"
title = "Few are spoiled"
holds = "[1a] <= 5"
weight = "mild"
nature = "physical"
state = "derived"
source = "this test"
"""
LAW: Final = load_law(TEXT)
DIGEST: Final = law_digest(TEXT)
LAWS: Final = {DIGEST: LAW}
