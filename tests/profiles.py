"""Which Hypothesis profile this is: ``SQUALL_PROFILE=nightly`` explores, anything else repeats itself."""

import os
from typing import Final

PROFILE: Final = "nightly" if os.environ.get("SQUALL_PROFILE") == "nightly" else "ci"
_TIMES: Final = {"ci": 1, "nightly": 20}


def examples(of_a_change: int) -> int:
    """How many examples a property gets: so many on every change, many times as many at night."""
    return of_a_change * _TIMES[PROFILE]
