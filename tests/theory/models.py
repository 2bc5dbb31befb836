"""The models of the textbook at loads worth having, and what theory says of each."""

from collections.abc import Mapping
from functools import cache
from math import erfc, log, sqrt
from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from squall.scenarios.estimate import Estimate, Sample, batches, mean_of, percentile_of, warm_up
from squall.sim.service import Constant, Exponential, Lognormal
from tests.theory import formulas
from tests.theory.stations import LINK_NS, Place, Stations

MEAN_NS: Final = 10_000
SIGMA: Final = 0.6
BATCHES: Final = 20
OF_THE_MEAN, OF_THE_P99 = 0.02, 0.05


class Said(Struct, frozen=True):
    """What theory says of one time: its mean, and its 99th percentile where there is a formula."""

    mean_ns: float
    p99_ns: float | None


class Model(Struct, frozen=True):
    """Stations, and what theory says of customers on their whole way (``""``) and of visits to each station."""

    name: str
    places: Mapping[str, Place]
    said: Mapping[str, Said]


class Found(Struct, frozen=True):
    """What was measured beside what was said."""

    model: str
    where: str
    said: Said
    mean: Estimate
    p99: Estimate

    @property
    def mean_off(self) -> float:
        """How far off the mean is, as a share."""
        return self.mean.value / self.said.mean_ns - 1

    @property
    def p99_off(self) -> float | None:
        """How far off the 99th percentile is; None where theory says nothing."""
        return None if self.said.p99_ns is None else self.p99.value / self.said.p99_ns - 1


def models() -> tuple[Model, ...]:
    """All of them. Single stations at a load of 0.6, where a long queue is a matter of course and not of luck."""
    return (_mm1(), _mmc(), _md1(), _mg1(), _tandem(), _jackson())


def measure(model: Model, customers: int, seed: int, confidence: float) -> list[Found]:
    """Run it until about so many have left, leave the warm-up out, and hold what is left against theory."""
    stations = Stations(model.places, seed)
    rate = sum(1 / place.every_ns for place in model.places.values() if place.every_ns)
    stations.run(int(customers / rate))
    found = []
    for where, said in model.said.items():
        sample = np.array(stations.left_ns) if not where else stations.visits[where].sojourns
        found.append(_held(model.name, where, said, sample, confidence))
    return found


def _held(model: str, where: str, said: Said, sample: Sample, confidence: float) -> Found:
    cut = warm_up([sample])
    assert cut is not None, f"{model}: no end of the warm-up"
    parts = batches(sample[cut:], BATCHES)
    return Found(model, where, said, mean_of(parts, confidence), percentile_of(parts, 99, confidence))


def _mm1() -> Model:
    arrivals, services = 0.6 / MEAN_NS, 1 / MEAN_NS
    said = Said(formulas.mm1_mean(arrivals, services), formulas.mm1_quantile(arrivals, services, 0.99))
    return Model("M/M/1", {"a": Place(Exponential(MEAN_NS), every_ns=round(1 / arrivals))}, {"": said})


def _mmc() -> Model:
    arrivals, services, servers = 3 * 0.7 / MEAN_NS, 1 / MEAN_NS, 3
    said = Said(
        formulas.mmc_mean(arrivals, services, servers), formulas.mmc_quantile(arrivals, services, servers, 0.99)
    )
    return Model("M/M/3", {"a": Place(Exponential(MEAN_NS), 3, every_ns=round(1 / arrivals))}, {"": said})


def _md1() -> Model:
    def beyond(time: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.where(time < MEAN_NS, 1.0, 0.0)

    arrivals = 0.6 / MEAN_NS
    said = Said(
        formulas.pollaczek_khinchine(arrivals, MEAN_NS, 0.0), formulas.mg1_quantile(arrivals, MEAN_NS, beyond, 0.99)
    )
    return Model("M/D/1", {"a": Place(Constant(MEAN_NS), every_ns=round(1 / arrivals))}, {"": said})


def _mg1() -> Model:
    service = Lognormal(int(MEAN_NS / np.exp(SIGMA**2 / 2)), SIGMA)

    def beyond(time: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        tail = [erfc(log(t / service.median_ns) / SIGMA / sqrt(2)) / 2 if t > 0 else 1.0 for t in time]
        return np.array(tail)

    arrivals = 0.5 / MEAN_NS
    said = Said(
        formulas.pollaczek_khinchine(arrivals, service.mean_ns, service.variation),
        formulas.mg1_quantile(arrivals, service.mean_ns, beyond, 0.99),
    )
    return Model("M/G/1", {"a": Place(service, every_ns=round(1 / arrivals))}, {"": said})


def _tandem() -> Model:
    arrivals = 0.6 / MEAN_NS
    rates = (1 / MEAN_NS, 1.25 / MEAN_NS)
    here, there = rates[0] - arrivals, rates[1] - arrivals
    said = Said(1 / here + 1 / there + LINK_NS, formulas.tandem_quantile((here, there), 0.99) + LINK_NS)
    places = {
        "a": Place(Exponential(MEAN_NS), every_ns=round(1 / arrivals), routes=((1.0, "b"),)),
        "b": Place(Exponential(round(MEAN_NS / 1.25))),
    }
    return Model("tandem", places, {"": said})


def _jackson() -> Model:
    """Three stations with ways back; a link is a station without a queue, so the product form holds with links too.

    Theory has no quantile for the whole way, where one may be overtaken; but whoever comes to a station, also on a way
    back, finds it as a look from outside would (Sevcik and Mitrani, 1981), so a single visit is that of an M/M/1.
    """
    outside = {"a": 0.35 / MEAN_NS, "b": 0.1 / MEAN_NS, "c": 0.0}
    routes = {"a": {"b": 0.6, "c": 0.4}, "b": {"a": 0.3, "c": 0.3}, "c": {"a": 0.2}}
    rate = formulas.jackson_throughputs(outside, routes)
    services = {"a": 1 / MEAN_NS, "b": 0.8 / MEAN_NS, "c": 0.9 / MEAN_NS}
    entering = sum(outside.values())
    visits = {
        name: Said(
            formulas.mm1_mean(rate[name], services[name]), formulas.mm1_quantile(rate[name], services[name], 0.99)
        )
        for name in outside
    }
    hops = sum(rate[name] * sum(routes[name].values()) for name in outside) / entering
    whole = sum(rate[name] * visits[name].mean_ns for name in outside) / entering + hops * LINK_NS
    places = {
        name: Place(
            Exponential(round(1 / services[name])),
            every_ns=round(1 / outside[name]) if outside[name] else 0,
            routes=tuple((share, to) for to, share in routes[name].items()),
        )
        for name in outside
    }
    return Model("Jackson", places, {"": Said(whole, None), **visits})


@cache
def by_name() -> Mapping[str, Model]:
    """The models, by name."""
    return {model.name: model for model in models()}
