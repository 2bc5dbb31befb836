"""Little's law, on every queue of the desk: who is there, over time, is how long each of them was there, summed up."""

from typing import Any

import pytest

from squall.scenarios.find import campaign_scenarios, choose, sound_scenarios
from squall.scenarios.run import run
from squall.sim.core import HOUSEKEEPING_NS, Core, Job
from squall.sim.core_group import CoreGroup
from tests.profiles import PROFILE
from tests.theory.models import by_name
from tests.theory.stations import Stations

SCENARIOS = {"ci": campaign_scenarios(), "nightly": sound_scenarios()}[PROFILE]

WATCHED: list["Watched"] = []


class Watched(Core):
    """A core of the desk that counts twice: how many are here as time goes by, and for how long each one stays."""

    def __init__(self, host: Any, label: str) -> None:
        super().__init__(host, label)
        self.present: list[tuple[Job, int]] = []
        """Those who are here, in the order of their coming, each with the time."""
        self.area = 0
        self.stays = 0
        self.left = 0
        self._since_ns = 0
        WATCHED.append(self)

    def count(self) -> None:
        """The number here, as the core itself holds it, times how long it was so."""
        now_ns = self._kernel.now_ns
        self.area += (len(self.waiting) + (self._current is not None)) * (now_ns - self._since_ns)
        self._since_ns = now_ns

    def submit(self, job: Job) -> None:
        self.count()
        self.present.append((job, self._kernel.now_ns))
        super().submit(job)

    def _completed(self, service: int) -> None:
        if service == self._due:
            self.count()
            assert self.present[0][0] is self._current, "first in, first out"
            self._leave(self.present[:1])
        super()._completed(service)

    def crash(self) -> None:
        self.count()
        self._leave(list(self.present))
        super().crash()

    def forget(self, slot: Any) -> None:
        self.count()
        self._leave([each for each in self.present if each[0].slot is slot])
        super().forget(slot)

    def _leave(self, those: list[tuple[Job, int]]) -> None:
        for each in those:
            self.present.remove(each)
            self.stays += self._kernel.now_ns - each[1]
            self.left += 1


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_littles_law_holds_on_every_core_of_every_host_whatever_is_broken(
    scenario: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """L = λW with L counted by the queue and W by those in it: over a whole run they are one sum, to the nanosecond."""
    WATCHED.clear()
    monkeypatch.setattr("squall.sim.host.Core", Watched)
    run(choose(scenario, seed=7))
    assert sum(core.left for core in WATCHED) > 1_000
    for core in WATCHED:
        core.count()
        here = sum(core._since_ns - came_ns for _, came_ns in core.present)
        assert core.area == core.stays + here, f"{core.host.name}/{core.name}"


@pytest.mark.parametrize("model", list(by_name()))
def test_littles_law_holds_on_the_stations_of_the_textbook(model: str) -> None:
    stations = Stations(by_name()[model].places, seed=2)
    stations.run(20_000_000)
    for name, visits in stations.visits.items():
        group = visits.group
        assert type(group) is CoreGroup
        now_ns = stations.world.kernel.now_ns
        here = [*group._came, *(seat.came_ns for seat in group._seats if seat.job is not None)]
        stays = int(visits.sojourns.sum()) + HOUSEKEEPING_NS + sum(now_ns - came_ns for came_ns in here)
        assert len(visits.ended_ns) > 200, name
        assert group.count() == stays, "the start of the program was here too, for half a microsecond"
