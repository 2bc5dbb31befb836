"""The phases of a run: a baseline, faults, their heal, and time to converge before anything is judged for good."""

from msgspec import Struct

MILLISECOND = 1_000_000
SECOND = 1_000 * MILLISECOND


class Phases(Struct, frozen=True):
    """How long each phase lasts. ValueError where one of them is no time at all.

    Faults begin in the phase of faults and may last into that of healing; when that ends, all of them are over.
    What has to hold in the end (orders that come to an end, books that agree) is judged after the last phase.
    """

    baseline_ns: int = 2 * SECOND
    faults_ns: int = 10 * SECOND
    heal_ns: int = 2 * SECOND
    converge_ns: int = 6 * SECOND

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if getattr(self, name) <= 0:
                raise ValueError(f"phases.{name}: expected a time above 0 ns, found {getattr(self, name)}")

    @property
    def faults_end_ns(self) -> int:
        """No fault begins from here on."""
        return self.baseline_ns + self.faults_ns

    @property
    def healed_ns(self) -> int:
        """No fault lasts beyond here."""
        return self.faults_end_ns + self.heal_ns

    @property
    def total_ns(self) -> int:
        """The whole run."""
        return self.healed_ns + self.converge_ns


def phases_of(duration_ns: int) -> Phases:
    """A run of this length, divided in the usual way: a tenth, half, a tenth, and the rest."""
    tenth = duration_ns // 10
    return Phases(tenth, 5 * tenth, tenth, duration_ns - 7 * tenth)
