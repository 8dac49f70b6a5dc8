"""A campaign in words: how many days, what went wrong and was overcome, what is left."""

from collections.abc import Iterator

from ballotbox_simulator.world.campaign import Campaign
from ballotbox_simulator.world.faults import FaultClass
from ballotbox_simulator.world.scenario_page import CLASS_WORDS


def campaign_lines(campaign: Campaign) -> Iterator[str]:
    """Yield the lines of the report, the verdict left out."""
    yield f"{'fault':<28} {'struck':>9} {'overcome':>9}"
    for kind in sorted(campaign.struck):
        yield f"{kind.value:<28} {campaign.struck[kind]:>9,} {campaign.overcome[kind]:>9,}"
    yield f"{'days held to':<28} {'days':>9}"
    for each in FaultClass:
        yield f"{CLASS_WORDS[each]:<28} {campaign.classes[each]:>9,}"
    yield (
        f"Days: {campaign.days:,}; simulated seconds: {campaign.simulated_s:,}, "
        f"{campaign.speed:,.0f} for each second of a processor."
    )
    yield f"Sheets fed: {campaign.sheets:,}; reports signed: {campaign.reports:,}."
    yield f"Transcript: {campaign.transcript}"


def verdict_line(campaign: Campaign, seconds: float) -> str:
    """Return the verdict on all days, which took so many seconds."""
    balance = campaign.balance
    failed = f"FAIL {len(campaign.failed)} of {campaign.days:,} days with findings;"
    return (
        f"VERDICT: {'PASS' if campaign.passed else failed} "
        f"days {campaign.days:,}, {campaign.days / seconds:.1f} a second; "
        f"lost {balance.lost}, doubled {balance.doubled}"
    )
