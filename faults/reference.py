"""Reference data that is wrong: one service is served an entry that nobody else has."""

from typing import Any, ClassVar

from squall.faults.fault import FaultKind, Heal, Tally
from squall.faults.messages import host_of
from squall.sim.intercept import IN
from squall.sim.world import World


class WrongEntry(FaultKind, frozen=True):
    """One field of a symbol's reference data is something else to one program, until the window ends.

    *field* and *value* are written as `--set reference.SYMBOL.FIELD=VALUE` takes them: ``restricted`` and ``on``.
    """

    place: ClassVar[str] = "service"
    target: str
    symbol: str
    field: str
    value: str

    @property
    def kind(self) -> str:
        return "wrong reference data"

    def check(self, world: World) -> None:
        slot = host_of(self.kind, world, self.target).slot(self.target)
        if world.fair_values and self.symbol not in world.fair_values:
            raise ValueError(f"{self.kind}: no symbol {self.symbol!r}; symbols are {', '.join(world.fair_values)}")
        try:
            self._changed(world, slot.release.config)
        except ValueError as error:
            raise ValueError(f"{self.kind}: {str(error).removeprefix('--set ')}") from None

    def inject(self, world: World, tally: Tally) -> Heal:
        def count(peer: str, message: Any) -> None:
            if getattr(message, "symbol", None) == self.symbol:
                tally.touched("messages read with it")

        host = host_of(self.kind, world, self.target)
        config = host.slot(self.target).release.config
        differs = self._changed(world, config) != config  # else it says what is so already
        stop_counting = host.intercept(self.target, IN, count) if differs else _nothing
        set_back = host.configure(self.target, lambda config: self._changed(world, config), self._assignment)

        def heal() -> None:
            stop_counting()
            set_back()

        return heal

    @property
    def _assignment(self) -> str:
        return f"reference.{self.symbol}.{self.field}={self.value}"

    def _changed(self, world: World, config: Any) -> Any:
        return world.reconfigured(config, self._assignment)


def _nothing() -> None:
    """For what was not begun."""
