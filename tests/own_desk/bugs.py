"""Broken builds of the worked examples: each is the sound file with a few words changed, as somebody might."""

from pathlib import Path
from typing import Final, NamedTuple

EXAMPLES: Final = Path(__file__).parents[2] / "docs" / "own_desk"


class Bug(NamedTuple):
    """What to change in which example, and the promises of which at least one has to find it."""

    name: str
    file: str
    changes: tuple[tuple[str, str], ...]
    found_by: tuple[str, ...]

    def build(self, folder: Path) -> Path:
        """The broken file, written into *folder*."""
        text = (EXAMPLES / self.file).read_text()
        for sound, broken in self.changes:
            assert text.count(sound) == 1, f"{self.name}: {self.file} has {sound!r} {text.count(sound)} times"
            text = text.replace(sound, broken)
        path = folder / self.file
        path.write_text(text)
        return path


TWICE: Final = "no order is sent twice"
FILLED: Final = "filled is at most ordered"
ENDS: Final = "every order comes to an end"
POSITIONS: Final = "the desk's positions are the venues'"

HANDLERS: Final = (
    Bug(
        "an order that is not answered is sent again under a new ClOrdID",
        "handlers.py",
        (
            (
                "            self.venues.write(order.venue, OrderStatusRequest(name, self.venues.next()))\n",
                "            if name in self.answered:\n"
                "                self.venues.write(order.venue, OrderStatusRequest(name, self.venues.next()))\n"
                "            else:\n"
                '                again = replace(order.message, cl_ord_id=f"{name}.{self.venues.next()}")\n'
                "                self.ended[name] = None\n"
                "                self.orders[again.cl_ord_id] = Order(order.venue, again)\n"
                "                self.venues.write(order.venue, again)\n",
            ),
            (
                "        self.ended: dict[str, None] = {}\n",
                "        self.ended: dict[str, None] = {}\n        self.answered: list[str] = []\n",
            ),
            (
                "        name, order = word.cl_ord_id, self.orders[word.cl_ord_id].message\n",
                "        name, order = word.cl_ord_id, self.orders[word.cl_ord_id].message\n"
                "        self.answered.append(name)\n",
            ),
        ),
        (TWICE,),
    ),
    Bug(
        "a fill is counted on the acknowledgement",
        "handlers.py",
        (
            (
                "        for execution in word.executions:\n",
                '        made = () if word.is_answer else (Execution(f"{name}/new", word.leaves_lots, 0),)\n'
                "        for execution in (*word.executions, *made):\n",
            ),
            (
                "from squall.sim.exchange.wire.messages import (\n",
                "from squall.sim.exchange.wire.messages import (\n    Execution,\n",
            ),
        ),
        (POSITIONS,),
    ),
    Bug(
        "what was open is forgotten when the session comes back",
        "handlers.py",
        (
            (
                "        for order in [order for order in self.orders.values() if order.venue == venue]:\n"
                "            self.ask(order)\n",
                "        pass\n",
            ),
        ),
        (ENDS, POSITIONS),
    ),
)

COROUTINES: Final = (
    Bug(
        "the lock is let go of before the wait for the session",
        "coroutines.py",
        (
            (
                "                return\n"
                "            await self.up.wait()\n"
                '            await self.journal.append("sent", name.encode())\n'
                "            self.sent[name] = self.asked\n"
                "            self.say(self.orders[name])\n",
                "                return\n"
                "        await self.up.wait()\n"
                '        await self.journal.append("sent", name.encode())\n'
                "        self.sent[name] = self.asked\n"
                "        self.say(self.orders[name])\n",
            ),
        ),
        (TWICE,),
    ),
    Bug(
        "after a restart nobody remembers what had been sent",
        "coroutines.py",
        (
            (
                'self.sent = {data.decode(): 0 for data in journal.read("sent")}',
                "self.sent: dict[str, int] = {}",
            ),
        ),
        (TWICE,),
    ),
    Bug(
        "what a status report lists is not booked",
        "coroutines.py",
        (
            (
                "                    for execution in answer.executions:\n"
                "                        await self.fill(execution.exec_id, answer.cl_ord_id, execution.lots)\n",
                "",
            ),
        ),
        (POSITIONS,),
    ),
)
