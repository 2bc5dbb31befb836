"""Runs many seeds of many scenarios, and says what broke, how often, and what was seen at all."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from time import perf_counter
from typing import Final

import msgspec
from msgspec import Struct

from squall import scenarios
from squall.scenarios.configuration import configuration
from squall.scenarios.result import Behaviour, CampaignResult, FailureGroup, ScenarioTally, Verdict
from squall.scenarios.run import Choice, versions
from squall.scenarios.search.campaign_pool import Case, run_cases
from squall.scenarios.search.campaign_store import CampaignStore
from squall.scenarios.search.campaign_worker import NONDETERMINISM, Recipe
from squall.sim.scan import users_modules

CANARY_SEEDS: Final = 20
"""A canary is run on the first few seeds only: it is there to be found, not to be searched."""
STRETCH: Final = 1_000
"""Over how many seeds new behaviours are counted."""
LOST_SHOWN: Final = 100


class Campaign(Struct, frozen=True):
    """What is asked for: these scenarios, each with each of these seeds."""

    choices: tuple[Choice, ...]
    seeds: range
    jobs: int = 1
    seed_timeout_s: float = 60.0
    """Wall clock, for one seed."""
    max_inconclusive: float = 0.2
    """The share of a scenario's seeds that may be inconclusive, conditions that were not reached apart."""


class Standing(Struct, frozen=True):
    """How far a campaign is: what a progress bar shows."""

    done: int
    asked: int
    violated: int
    """Canaries apart."""
    lost: int


def run_campaign(
    campaign: Campaign,
    store: CampaignStore,
    told: Callable[[Standing], None] | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> CampaignResult:
    """Run what the store does not have yet, and sum up all that it then has of these configurations.

    Verdicts and digests are those of single runs, whatever the number of jobs. *told* hears of every seed.
    """
    began = perf_counter()
    code = _code()
    ids = {
        choice.name: store.configuration(choice.name, _hash_of(choice, code), versions_with(code), choice.canary)
        for choice in campaign.choices
    }
    canaries = [choice.name for choice in campaign.choices if choice.canary]
    asked = sum(len(_seeds_of(campaign, choice)) for choice in campaign.choices)
    kept = sum(
        store.is_judged(ids[choice.name], seed) for choice in campaign.choices for seed in _seeds_of(campaign, choice)
    )
    outcomes: Counter[str] = Counter()
    for result in run_cases(_missing(campaign, store, ids), campaign.jobs, campaign.seed_timeout_s, stopped):
        store.add(ids[result.scenario], result)
        outcomes["canary" if result.scenario in canaries else result.outcome] += 1
        if told is not None:
            done = outcomes.total()
            judged = sum(outcomes[verdict.value] for verdict in Verdict) + outcomes["canary"]
            told(Standing(kept + done, asked, outcomes[Verdict.VIOLATED.value], done - judged))
    wall_s = perf_counter() - began
    return _summed_up(campaign, store, ids, kept, asked, wall_s, kept + outcomes.total() < asked)


def _seeds_of(campaign: Campaign, choice: Choice) -> range:
    return campaign.seeds[:CANARY_SEEDS] if choice.canary else campaign.seeds


def _missing(campaign: Campaign, store: CampaignStore, ids: dict[str, int]) -> Iterator[Case]:
    """Seed by seed, all scenarios of each, so that whatever was run by the time one stops is spread over them."""
    recipes = [(choice, Recipe.of(choice), _seeds_of(campaign, choice)) for choice in campaign.choices]
    for seed in campaign.seeds:
        for choice, recipe, seeds in recipes:
            if seed in seeds and not store.is_judged(ids[choice.name], seed):
                yield recipe, seed


# --- what a result depends on ---


def _code() -> str:
    """BLAKE2b of squall's own sources, 16 hexadecimal digits: an edited desk is another one, whatever its version."""
    content = blake2b(digest_size=8)
    house = Path(scenarios.__file__).resolve().parent.parent
    for part in ("sim", "system", "faults", "scenarios"):
        # Installed, the parts lie side by side in squall/; in a checkout, at its top.
        for path in sorted((house / part).rglob("*.py")):
            content.update(path.read_bytes())
    return content.hexdigest()


def versions_with(code: str) -> dict[str, str]:
    """The versions that a replay must have alike, and the sources'."""
    return {**versions(), "code": code}


def _hash_of(choice: Choice, code: str) -> str:
    """BLAKE2b of all that decides this choice's runs, seed apart, 32 hexadecimal digits."""
    scenario = choice.settled()
    decides = {
        "configuration": configuration(scenario, seed=0, with_faults=choice.with_faults),
        "swarm": choice.swarm,
        "promises": [promise.name for promise in scenario.promises],
        "versions": versions_with(code),
        "own": _own_sources() if ":" in choice.name else "",
    }
    return blake2b(msgspec.json.encode(decides, enc_hook=str, order="sorted"), digest_size=16).hexdigest()


def _own_sources() -> str:
    """BLAKE2b of all the sources of a user's that are loaded, 16 hexadecimal digits: a desk may be many files."""
    content = blake2b(digest_size=8)
    for path in sorted({Path(module.__file__ or "") for module in users_modules()}):
        content.update(path.read_bytes() if path.is_file() else b"")
    return content.hexdigest()


# --- summing up ---


def _summed_up(
    campaign: Campaign,
    store: CampaignStore,
    ids: dict[str, int],
    kept: int,
    asked: int,
    wall_s: float,
    interrupted: bool,
) -> CampaignResult:
    tallies = tuple(_tally(campaign, store, choice, ids[choice.name]) for choice in campaign.choices)
    sound = {choice.name: ids[choice.name] for choice in campaign.choices if not choice.canary}
    searched = list(sound.values())
    behaviours = tuple(Behaviour(*row) for row in store.behaviours(searched))
    lost = store.lost(ids.values(), LOST_SHOWN)
    return CampaignResult(
        verdict=_verdict_of([tally.verdict for tally in tallies], interrupted),
        seeds=sum(tally.seeds for tally in tallies),
        kept=kept,
        asked=asked,
        interrupted=interrupted,
        jobs=campaign.jobs,
        wall_s=wall_s,
        scenarios=tallies,
        groups=_groups(campaign, store, sound),
        lost=lost,
        nondeterminism=any(store.totals(each)["outcomes"].get(NONDETERMINISM) for each in ids.values()),
        behaviours=behaviours,
        novelty=_novelty(behaviours, list(sound), store.first_seed(searched), _seeds_in(tallies)),
        versions=versions_with(_code()),
    )


def _verdict_of(verdicts: Sequence[Verdict], interrupted: bool) -> Verdict:
    if Verdict.VIOLATED in verdicts:
        return Verdict.VIOLATED
    unsure = interrupted or Verdict.INCONCLUSIVE in verdicts or not verdicts
    return Verdict.INCONCLUSIVE if unsure else Verdict.PASS


def _seeds_in(tallies: Sequence[ScenarioTally]) -> int:
    return sum(tally.seeds for tally in tallies if not tally.canary)


def _tally(campaign: Campaign, store: CampaignStore, choice: Choice, configuration: int) -> ScenarioTally:
    totals = store.totals(configuration)
    outcomes: dict[str, int] = totals["outcomes"]
    passed, violated, inconclusive = (outcomes.get(verdict.value, 0) for verdict in Verdict)
    seeds = sum(outcomes.values())
    never_reached = store.never_reached(configuration)
    judged = passed + violated + inconclusive
    doubtful = inconclusive - totals["unreached"]
    if choice.canary:
        # What must fail and does is as it should be; where it mostly does not, the search is blind.
        verdict = Verdict.INCONCLUSIVE if not judged else Verdict.PASS if 2 * violated >= judged else Verdict.VIOLATED
    elif violated:
        verdict = Verdict.VIOLATED
    elif never_reached or seeds > judged or not judged or doubtful > campaign.max_inconclusive * judged:
        verdict = Verdict.INCONCLUSIVE
    else:
        verdict = Verdict.PASS
    return ScenarioTally(
        scenario=choice.name,
        verdict=verdict,
        seeds=seeds,
        passed=passed,
        violated=violated,
        inconclusive=inconclusive,
        unreached=totals["unreached"],
        lost=seeds - judged,
        messages=totals["messages"],
        wall_s=totals["wall_s"],
        never_reached=never_reached,
        canary=choice.canary,
    )


def _groups(campaign: Campaign, store: CampaignStore, sound: dict[str, int]) -> tuple[FailureGroup, ...]:
    choices = {sound[choice.name]: choice for choice in campaign.choices if choice.name in sound}
    searched = list(choices)
    groups = []
    for promise, how, seeds, id_, seed, detail, touched, messages, at_ns in store.groups(searched):
        choice = msgspec.structs.replace(choices[id_], seed=seed)
        groups.append(
            FailureGroup(
                promise=promise,
                how=how,
                seeds=seeds,
                scenarios=store.scenarios_of(searched, promise, how),
                also=store.also_broken(searched, promise, how),
                scenario=choice.name,
                seed=seed,
                detail=detail,
                touched=touched,
                messages=messages,
                at_ns=at_ns,
                command=choice.command(),
            )
        )
    return tuple(groups)


def _novelty(
    behaviours: Sequence[Behaviour], names: Sequence[str], first_seed: int, seeds: int
) -> tuple[tuple[int, int], ...]:
    """How many behaviours each thousand of seeds was first to show, in the order in which they are planned."""
    new: Counter[int] = Counter()
    for each in behaviours:
        new[((each.seed - first_seed) * len(names) + names.index(each.scenario)) // STRETCH] += 1
    return tuple((min((index + 1) * STRETCH, seeds), new[index]) for index in range(-(-seeds // STRETCH)))
