"""A venue's published tariff: what a trade costs, by whether the order took what rested or rested itself."""

from msgspec import Struct


class Tariff(Struct, frozen=True, gc=False):
    """In half tick x lot per hundred lots. A rebate is negative. 60 is 0.3 cent a share at a cent tick."""

    take_per_100_lots: int = 0
    make_per_100_lots: int = 0

    def fee(self, lots: int, takes: bool) -> int:
        """Of one trade, rounded once, half away from zero."""
        hundredfold = lots * (self.take_per_100_lots if takes else self.make_per_100_lots)
        size = (abs(hundredfold) + 50) // 100
        return size if hundredfold >= 0 else -size


FREE = Tariff()
