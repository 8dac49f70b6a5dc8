"""What a gateway must believe of one box, in the size of a few dictionaries.

It knows no leaves, no heads and no batches: only which report came, in which order, and what the
officers said. Content is good or bad by the script's word.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from ballotbox_protocol.election.identifiers import ReportId
from ballotbox_protocol.wire.verdict import Verdict


class Word(NamedTuple):
    """A report as the model sees it; `good`: its own content is in order."""

    id: ReportId
    sequence: int
    previous: ReportId
    good: bool
    data: bytes


@dataclass
class ModelBox:
    """`place` maps a sequence to the report that stands there or waits to."""

    verdicts: dict[ReportId, Verdict] = field(default_factory=dict)
    place: dict[int, Word] = field(default_factory=dict)
    words: dict[ReportId, Word] = field(default_factory=dict)
    ruled: set[ReportId] = field(default_factory=set)
    disputed: set[int] = field(default_factory=set)
    branched: bool = False
    head: int = -1
    decisions: int = 0

    def _decide(self, word: Word, verdict: Verdict) -> None:
        if self.verdicts.get(word.id) is not verdict:
            self.decisions += 1
        self.verdicts[word.id] = verdict

    def arrive(self, word: Word) -> bool:
        """Take a report in; tell whether it was new."""
        if word.id in self.verdicts:
            return False
        self.words[word.id] = word
        rival = self.place.get(word.sequence)
        if rival is not None:
            self._decide(word, Verdict.EVIDENCE)
            self._decide(rival, Verdict.EVIDENCE)
            self.ruled.discard(rival.id)
            self.disputed.add(word.sequence)
            self.branched = True
        elif self.disputed or word.sequence > self.head + 1:
            self.place[word.sequence] = word
            self._decide(word, Verdict.HELD)
        else:
            self.place[word.sequence] = word
            self._judge(word)
            self._follow()
        return True

    def _judge(self, word: Word) -> None:
        last = self.place[self.head].id if self.head >= 0 else bytes(32)
        if word.previous != last and self.branched:
            del self.place[word.sequence]
            self._decide(word, Verdict.QUARANTINED)
            return
        good = word.good and word.previous == last
        self._decide(word, Verdict.ACCEPTED if good else Verdict.QUARANTINED)
        self.head = word.sequence

    def _follow(self) -> None:
        while not self.disputed and self.head + 1 in self.place:
            word = self.place[self.head + 1]
            if word.id in self.ruled:
                self.head = word.sequence
            else:
                self._judge(word)

    def release(self, report: ReportId) -> bool:
        """Apply a release; tell whether it changed anything."""
        verdict, word = self.verdicts.get(report), self.words.get(report)
        if word is None or self.place.get(word.sequence) is not word:
            return False
        held = verdict is Verdict.HELD and not self.disputed
        if not held and verdict is not Verdict.QUARANTINED:
            return False
        self.ruled.add(report)
        self._decide(word, Verdict.ACCEPTED)
        return True

    def name(self, report: ReportId) -> bool:
        """Apply a naming; tell whether it changed anything."""
        word = self.words.get(report)
        if word is None or word.sequence not in self.disputed:
            return False
        if self.verdicts[report] is not Verdict.EVIDENCE:
            return False
        self.ruled.add(report)
        self.disputed.remove(word.sequence)
        self._decide(word, Verdict.ACCEPTED)
        if self.place[word.sequence] is not word:
            self.place[word.sequence] = word
            if word.sequence <= self.head:
                self._turn_back(word.sequence)
        self._rejoin(word)
        self._follow()
        return True

    def _turn_back(self, sequence: int) -> None:
        for later in range(sequence + 1, self.head + 1):
            word = self.place[later]
            if word.id not in self.ruled and later not in self.disputed:
                del self.place[later]
                self._decide(word, Verdict.QUARANTINED)
        self.head = sequence

    def _rejoin(self, named: Word) -> None:
        """Let what was built on the named report, but did not fit when it came, wait again."""
        last = named
        while (word := self._successor(last)) is not None:
            if word.sequence not in self.place:
                self.place[word.sequence] = word
                self._decide(word, Verdict.HELD)
            last = word

    def _successor(self, last: Word) -> Word | None:
        placed = self.place.get(last.sequence + 1)
        aside = (
            word
            for word in self.words.values()
            if word.sequence == last.sequence + 1 and self.verdicts[word.id] is Verdict.QUARANTINED
        )
        candidates = aside if placed is None else [placed]
        return next((word for word in candidates if word.previous == last.id), None)
