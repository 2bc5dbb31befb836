"""Streams with all of TCP under random loss, against the bound of Mathis, Semke, Mahdavi and Ott."""

import pytest

from tests.profiles import PROFILE
from tests.theory.bulk import NEAR, NOISE, RARE, carry

SECONDS = {
    "ci": {0.01: 15, 0.1: 20},
    "nightly": {0.001: 120, 0.003: 100, 0.01: 100, 0.03: 100, 0.1: 100},
}[PROFILE]


@pytest.mark.parametrize("loss", list(SECONDS))
def test_a_stream_is_as_fast_as_mathis_allows_and_near_it_while_loss_is_rare(loss: float) -> None:
    carried = carry(loss, SECONDS[loss], seed=1)
    assert carried.in_order
    assert carried.of_the_bound < NOISE
    if loss <= RARE:
        assert carried.of_the_bound > NEAR
    else:
        assert carried.of_the_bound > 0.4, "time-outs cost what the formula leaves out, and no more"
