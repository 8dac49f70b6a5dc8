"""The small law by which stations of the simulated world count by hand.

Whoever audits it holds the relations by a reading of his own (`count_audit`).
"""

from typing import Final

from ballotbox_protocol.election.law.source import law_digest, load_law

_TEXT: Final = """
name = "simulated-hand-count"
title = "Count by hand of a simulated station"
country = "Nowhere"
source = "the simulated world"

[[line]]
number = "1"
title = "Ballots of the contest found in the boxes"

[[line]]
number = "2"
title = "of them with more marks than are allowed"

[[line]]
number = "3"
title = "Votes that were not given"

[[options]]
name = "votes"
title = "Votes"

[[parameter]]
name = "M"
title = "Marks allowed"

[[relation]]
name = "A"
title = "Every mark that was allowed is given, lost or not given"
holds = "M * [1] = M * [2] + [3] + sum(votes)"
weight = "hard"
nature = "arithmetic"
state = "confirmed"
source = "the simulated world"

[[relation]]
name = "B"
title = "No more are invalid than there are"
holds = "[2] <= [1]"
weight = "hard"
nature = "arithmetic"
state = "confirmed"
source = "the simulated world"
"""
NAME: Final = "simulated-hand-count"
DIGEST: Final = law_digest(_TEXT)
LAWS: Final = {DIGEST: load_law(_TEXT)}
#: The lines of the law, and its one group of options.
LINES: Final = ("1", "2", "3")
GROUP: Final = "votes"
