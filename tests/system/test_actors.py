"""Every command and every event says who acted, and in which capacity."""

import pytest

from squall.system.domain.actors import Capacity, acting, capacity_of


@pytest.mark.parametrize("capacity", [Capacity.STRATEGY, Capacity.TRADER, Capacity.OPERATOR, Capacity.RECOVERY])
def test_an_actor_s_capacity_can_be_read_off_its_name(capacity: Capacity) -> None:
    """Erratum 12: nothing in the chapter says who acted."""
    assert capacity_of(acting(capacity, "ann")) is capacity


def test_services_and_venues_go_by_their_own_names() -> None:
    assert capacity_of("exchange-a") is Capacity.SERVICE


def test_a_capacity_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="astrologer"):
        capacity_of("astrologer/ann")
