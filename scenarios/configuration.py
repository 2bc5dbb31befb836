"""What a run is recorded to be: its configuration in plain values, the same for the same run wherever it is done."""

import gzip
from hashlib import blake2b
from pathlib import Path
from typing import Final

import msgspec

from squall.faults.fault import Planned
from squall.faults.swarm import forced_points
from squall.scenarios.desk import Desk
from squall.scenarios.scenario import Scenario
from squall.scenarios.settings import keys
from squall.sim.rng import Chance
from squall.system.domain.signals import Workload

LATER: Final = ("refractory_ns", "dark_share")
"""Numbers of a workload that there were not always."""
GZIP_MAGIC: Final = b"\x1f\x8b"


def configuration(scenario: Scenario, seed: int, with_faults: bool) -> dict[str, object]:
    """What decides a run besides the seed, in plain values: the first record, and so part of the digest.

    *scenario* as it was settled; *seed* says which rare behaviours a swarm forces.
    """
    recorded: dict[str, object] = {
        "settings": keys(scenario.settings),
        "workload": _workload(scenario.workload),
        # A stage's plan has been drawn.
        "plan": [_recorded(planned) for planned in (() if callable(scenario.plan) else scenario.plan)],
        "with_faults": with_faults,
        "symbols": list(scenario.market.symbols),
        "thin_venues": list(scenario.market.thin_venues),
        "recording": _content_of(scenario.market.recording),
        "duration_ns": scenario.duration_ns,
    }
    if scenario.desk is not None:
        recorded["desk"] = _places(scenario.desk)
    if scenario.time_servers:
        recorded["time_servers"] = scenario.time_servers
    if scenario.in_sites:
        recorded["in_sites"] = True
    if scenario.market.second_provider:
        recorded["second_provider"] = True
    if scenario.market.dark_pool:
        recorded["dark_pool"] = True
    if scenario.swarm:
        recorded["buggify"] = list(forced_points(Chance(seed)))
        recorded["ties"] = "shuffled"
    return recorded


def _workload(workload: Workload) -> dict[str, object]:
    """As it is; what came later stands there only where it is used, so that older runs keep their digests."""
    plain = msgspec.to_builtins(workload)
    return {name: value for name, value in plain.items() if name not in LATER or value}


def _recorded(planned: Planned) -> list[object]:
    fault = planned.fault
    what = [fault.kind, fault.target, planned.start_ns, planned.end_ns, msgspec.to_builtins(fault, enc_hook=vars)]
    return [*what, planned.name] if planned.name else what


def _places(desk: Desk) -> dict[str, object]:
    """What a desk of one's own looks like from outside; its code is what a digest cannot hold."""
    places: dict[str, object] = {
        "seats": [[seat.host, seat.address, seat.cost_ns, list(seat.feed_lines)] for seat in desk.seats],
        "orders_from": list(desk.orders_from),
        "snapshots_from": list(desk.snapshots_from),
    }
    pinned = [[seat.address, seat.core, repr(seat.cores), seat.memory_bytes] for seat in desk.seats]
    if any(each[1:] != ["", "None", 0] for each in pinned):
        places["cores"] = pinned
    if desk.sites:
        places["sites"] = msgspec.to_builtins(desk.sites)
    return places


def _content_of(recording: str | None) -> str | None:
    """BLAKE2b of the lines, 16 hexadecimal digits: a recording is what it holds, wherever it lies, packed or not."""
    if recording is None:
        return None
    content = blake2b(digest_size=8)
    with Path(recording).open("rb") as file:
        packed = file.peek(2)[:2] == GZIP_MAGIC
        lines = gzip.GzipFile(fileobj=file) if packed else file
        while block := lines.read(1 << 20):
            content.update(block)
    return content.hexdigest()
