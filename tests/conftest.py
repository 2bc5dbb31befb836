"""How hard properties look: the same examples every time in CI, new and more of them at night."""

from hypothesis import HealthCheck, settings

from tests.profiles import PROFILE, examples

# A loaded machine is no finding: nothing here is judged by a clock.
settings.register_profile(
    "ci",
    max_examples=examples(40),
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("nightly", settings.get_profile("ci"), derandomize=False, print_blob=True)
settings.load_profile(PROFILE)
