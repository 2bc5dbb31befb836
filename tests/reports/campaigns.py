"""Hand-made campaigns: what the reports of campaigns are tested and looked at with."""

from typing import Any

import msgspec

from squall.scenarios.result import Behaviour, CampaignResult, FailureGroup, LostSeed, ScenarioTally, Verdict


def tally(scenario: str, verdict: Verdict = Verdict.PASS, **changes: Any) -> ScenarioTally:
    """A thousand seeds that all passed."""
    sound = ScenarioTally(scenario, verdict, 1_000, 1_000, 0, 0, 0, 0, 2_400_000, 61.5, (), False)
    return msgspec.structs.replace(sound, **changes)


def group(promise: str, **changes: Any) -> FailureGroup:
    """Three seeds of ack-lost."""
    found = FailureGroup(
        promise=promise,
        how="# was sent twice: exchange-a accepted # lots as #",
        seeds=3,
        scenarios=("ack-lost",),
        also=("filled is at most ordered",),
        scenario="ack-lost",
        seed=17,
        detail="pulse-BOLT-23 was sent twice: exchange-a accepted 20 lots as pulse-BOLT-23~2",
        touched=1,
        messages=2_113,
        at_ns=5_750_406_493,
        command="squall run ack-lost --seed 17",
    )
    return msgspec.structs.replace(found, **changes)


def a_violated_campaign(**changes: Any) -> CampaignResult:
    """Three scenarios and a canary: one broke, one was never where it should have been, two seeds were lost."""
    result = CampaignResult(
        verdict=Verdict.VIOLATED,
        seeds=3_020,
        kept=20,
        asked=3_020,
        interrupted=False,
        jobs=2,
        wall_s=100.0,
        scenarios=(
            tally("ack-lost", Verdict.VIOLATED, passed=997, violated=3),
            tally("calm", lost=2, passed=998, verdict=Verdict.INCONCLUSIVE),
            tally(
                "feed-gap",
                Verdict.INCONCLUSIVE,
                passed=0,
                inconclusive=1_000,
                unreached=1_000,
                never_reached=("a feed: gap",),
            ),
            tally("canary", seeds=20, passed=1, violated=19, canary=True),
        ),
        groups=(group("no order is sent twice"),),
        lost=(
            LostSeed("calm", 4, "died", "its process died: killed, or stuck beyond reach"),
            LostSeed("calm", 9, "hung", "no end after 60 s, at term.py:40"),
        ),
        nondeterminism=False,
        behaviours=(
            Behaviour("breaker closed → open", 800, 812, "ack-lost", 1),
            Behaviour("order sent → doubted, no fault", 1, 1, "feed-gap", 930),
        ),
        novelty=((1_000, 40), (2_000, 3), (3_000, 1)),
        versions={"squall": "0.1.0", "code": "5f1c0b7a55e24d18"},
    )
    return msgspec.structs.replace(result, **changes)
