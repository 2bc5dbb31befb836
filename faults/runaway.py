"""A strategy that runs away: each order that it means it sends again and again, under names of their own."""

from collections.abc import Sequence
from typing import Any, ClassVar

from squall.faults.fault import FaultKind, Heal, Tally, check_share
from squall.faults.messages import Selects, changed, check_message, host_of, value_of
from squall.sim.intercept import OUT, Outcome
from squall.sim.world import World

MOST_COPIES = 1_000


class Runaway(FaultKind, frozen=True):
    """Some messages of a type go out with *copies* behind them, alike in all but the *id_field*.

    *share* of them, drawn by what each message is. To whoever gets them these are orders like any others.
    """

    place: ClassVar[str] = "service"
    target: str = "strategy"
    message: str = "SubmitOrder"
    id_field: str = "cl_ord_id"
    copies: int = 5
    share: float = 1.0

    @property
    def kind(self) -> str:
        return "runaway strategy"

    def check(self, world: World) -> None:
        host_of(self.kind, world, self.target)
        check_message(self.kind, world, self.message, needed=True)
        check_share(self.kind, self.share)
        if not 1 <= self.copies <= MOST_COPIES:
            raise ValueError(f"{self.kind}: expected 1 to {MOST_COPIES} copies, found {self.copies}")
        fields: Sequence[str] = getattr(world.vocabulary.get(self.message), "__struct_fields__", (self.id_field,))
        if self.id_field not in fields:
            raise ValueError(f"{self.kind}: {self.message} has no field {self.id_field!r}; it has {', '.join(fields)}")

    def inject(self, world: World, tally: Tally) -> Heal:
        def repeat(peer: str, message: Any) -> Outcome | None:
            if not concerned(message):
                return None
            name = value_of(message, self.id_field)
            names = [f"{name}-again-{number}" for number in range(1, self.copies + 1)]
            for _ in names:
                tally.touched("copies sent")
            return Outcome((message, *(changed(message, self.id_field, each) for each in names)))

        concerned = Selects(self.message, world.chance, tally.key(f"runaway/{self.target}"), self.share)
        return host_of(self.kind, world, self.target).intercept(self.target, OUT, repeat)
