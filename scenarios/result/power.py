"""What the measurement of bug-finding power comes to."""

from msgspec import Struct


class PowerRow(Struct, frozen=True):
    """What is known of one broken build: how hard it is, and what the campaign made of it."""

    bug: str
    origin: str
    what: str
    stratum: str
    reference_runs: int
    reference_violated: int
    low: float
    """With *high*: 95 % around the share of violated runs, after Wilson."""
    high: float
    seeds: int
    """Of the real campaign."""
    found_at: int | None
    """How many of them it took, the last one included."""
    cpu_s: float
    """Of these, or of all where it was not found."""
    promise: str | None
    lost: int
    """Seeds of the campaign that came to no verdict: the build broke the run itself."""
    faults: int | None
    """In the smallest plan that still breaks the promise."""
    faults_before: int | None

    @property
    def p(self) -> float:
        """The share of the reference's runs that show it."""
        return self.reference_violated / self.reference_runs if self.reference_runs else 0.0


class PowerCourse(Struct, frozen=True):
    """One way of searching, over all bugs."""

    course: str
    bugs: int
    seeds: int
    """So many were spent on every bug that was not found before."""
    found: int
    """Within the seeds that all courses have in common."""
    missed: tuple[str, ...]
    median_seeds: float | None
    """Of those that were found."""
    cpu_s: float


class PowerControl(Struct, frozen=True):
    """Something that has to stay green, or to turn red, and whether it did."""

    control: str
    what: str
    runs: int
    violated: int
    ok: bool


class PowerResult(Struct, frozen=True):
    """A zoo, measured."""

    reference: str
    scenarios: tuple[str, ...]
    """Of the real campaign."""
    common_seeds: int
    """What the courses are compared within."""
    rows: tuple[PowerRow, ...]
    courses: tuple[PowerCourse, ...]
    controls: tuple[PowerControl, ...]
    code: str
    versions: dict[str, str]
