"""What was fitted to a user's own measurements."""

from msgspec import Struct

from squall.scenarios.result.capacity import CapacitySla


class FitPoint(Struct, frozen=True):
    """A user's measurement, and what the model has there that was fitted without those that are held out."""

    rate_per_s: float
    orders: int
    p50_ns: int
    p99_ns: int
    model_p50_ns: int
    model_p99_ns: int
    held_out: bool

    @property
    def p50_off(self) -> float:
        """How far off the model's median is, as a share."""
        return self.model_p50_ns / self.p50_ns - 1

    @property
    def p99_off(self) -> float:
        """How far off the model's 99th percentile is, as a share."""
        return self.model_p99_ns / self.p99_ns - 1


class FitParameter(Struct, frozen=True):
    """A number of the model, and what it might be as well (95 %); null where these points say nothing of it."""

    name: str
    value: float
    ci: tuple[float, float] | None


class FitPrediction(Struct, frozen=True):
    """What the model, fitted to all points, says of one load; null where it does not keep up with it."""

    rate_per_s: float
    p50_ns: int | None
    p99_ns: int | None
    p99_ci_ns: tuple[int, int | None]
    """95 % for a 99th percentile that is measured there; no end where it is not sure that the system keeps up."""


class FitErrors(Struct, frozen=True):
    """How far off percentiles are, as shares: of the points that were fitted, and of those that were held out."""

    fitted_median: float
    fitted_largest: float
    held_out_median: float
    held_out_largest: float
    describes: bool
    """Whether the model is of use for these points: off by no more than a third in the median, held out or not."""


class CapacityFit(Struct, frozen=True):
    """A model of the user's own system: its numbers, how good it is, and what it predicts."""

    file: str
    parameters: tuple[FitParameter, ...]
    points: tuple[FitPoint, ...]
    errors: FitErrors
    predictions: tuple[FitPrediction, ...]
    curve: tuple[FitPrediction, ...]
    """The same from the lowest load to the highest that is predicted, close enough to be drawn."""
    saturates_per_s: float | None
    """What it can keep up with at most; null where that is nowhere near."""
    saturates_ci_per_s: tuple[float, float] | None
    sla: CapacitySla | None
