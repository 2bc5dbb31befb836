"""Regenerates what docs/desk.md shows of the code: the life of an order from its table, and who says what to whom."""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from squall.scenarios.find import choose
from squall.scenarios.run import run
from squall.sim.trace import Handled, Record
from squall.system.assemble import DESK
from squall.system.domain.orders import BY_PRECEDENCE, PRECEDENCE, TERMINAL, TRANSITIONS, Next, OrderState

PAGE: Final = Path(__file__).resolve().parent / "desk.md"

HEARD_IN: Final = ("calm", "oms-crash", "exchange-api-timeouts")
"""The runs, at seed 1, in which is listened to who says what: a quiet day, a takeover, venues that do not answer."""

VENUES: Final = "venues"
OUTSIDE: Final = re.compile(r"^(exchange|dark)-")


# --- the life of an order ---


BY: Final = "by_precedence"
MOST: Final = "most"
WHEN: Final = {
    OrderState.PENDING_REPLACE: "a replace is asked for",
    OrderState.DONE_FOR_DAY: "the venue says so",
    OrderState.FILLED: "nothing left",
    OrderState.STOPPED: "the venue says so",
    OrderState.SUSPENDED: "the venue says so",
    OrderState.PARTIALLY_FILLED: "some filled",
    OrderState.ACKNOWLEDGED: "acknowledged",
    OrderState.SUBMITTED: "none of these",
}
"""When each state holds that `state_by_precedence` may choose."""
CHOICES: Final = tuple((rank, state) for rank, state in enumerate(PRECEDENCE) if state in WHEN)
"""What more can be pending is a cancel, and then nothing is chosen."""


def _word(state: OrderState) -> str:
    return state.value.replace("_", " ")


def _node(target: Next) -> str:
    return BY if target is BY_PRECEDENCE else target.value


def _targets(target: Next) -> str:
    return "*by precedence*" if target is BY_PRECEDENCE else _word(target)


def diagram() -> str:
    """The table as a state diagram in Mermaid.

    What more than half of the live states have in common is drawn once, from a node that stands for them; arrows from a
    state to itself are left to the table below it.
    """
    live = [state for state in TRANSITIONS if state is not OrderState.NEW and state not in TERMINAL]
    arrows = [(state, trigger, _node(target)) for state, row in TRANSITIONS.items() for trigger, target in row.items()]
    times = Counter((trigger, to) for state, trigger, to in arrows if state in live)
    common = [each for each, count in times.items() if count * 2 > len(live)]

    lines = ["```mermaid", "stateDiagram-v2", f"    state {BY} <<choice>>", f'    state "most live states" as {MOST}']
    lines += [f'    state "{_word(state)}" as {state.value}' for state in TRANSITIONS]
    lines.append(f"    [*] --> {OrderState.NEW.value}")
    own = [
        (state.value, trigger, to) for state, trigger, to in arrows if (trigger, to) not in common and to != state.value
    ]
    shared = [(MOST, trigger, to) for trigger, to in common]
    labels: dict[tuple[str, str], list[str]] = {}
    for begin, trigger, to in (*own, *shared):
        labels.setdefault((begin, to), []).append(trigger.value.replace("_", " "))
    lines += [f"    {begin} --> {to}: {', '.join(triggers)}" for (begin, to), triggers in labels.items()]
    lines += [f"    {BY} --> {state.value}: {rank}. {WHEN[state]}" for rank, state in CHOICES]
    lines += [f"    {state.value} --> [*]" for state in TERMINAL]
    return "\n".join([*lines, "```"])


def transitions() -> str:
    """The table as a table: what stands in no row is refused, and goes on the record with whose mistake it is."""
    lines = ["| in state | when | becomes |", "|---|---|---|"]
    for state, row in TRANSITIONS.items():
        by_target: dict[str, list[str]] = {}
        for trigger, target in row.items():
            by_target.setdefault(_targets(target), []).append(trigger.value.replace("_", " "))
        if not row:
            lines.append(f"| {_word(state)} | – | it has ended |")
        lines += [f"| {_word(state)} | {', '.join(triggers)} | {to} |" for to, triggers in by_target.items()]
    return "\n".join(lines)


# --- who says what ---


class _Listener:
    """A sink that keeps who was told what by whom."""

    def __init__(self) -> None:
        self.heard: dict[tuple[str, str, type], None] = {}

    def write(self, record: Record) -> None:
        event = record.event
        if isinstance(event, Handled):
            self.heard[_part(event.to), _part(event.sender), type(event.message)] = None


def _part(address: str) -> str:
    """The kind of program behind an address: ``oms`` for ``oms1``, ``venues`` for ``exchange-a``."""
    name = address.split("/")[0]
    return VENUES if OUTSIDE.match(name) else name.rstrip("0123456789")


def heard() -> tuple[tuple[str, str, type], ...]:
    """(receiver, sender, type of message), in the order of the desk's parts list and then of the alphabet."""
    listener = _Listener()
    for scenario in HEARD_IN:
        run(choose(scenario, seed=1), listener)
    parts = [*dict.fromkeys(map(_part, DESK)), VENUES]

    def place(each: tuple[str, str, type]) -> tuple[int, int, str]:
        to, sender, kind = each
        return parts.index(to), parts.index(sender), kind.__name__

    return tuple(sorted(listener.heard, key=place))


def conversations(heard: Iterable[tuple[str, str, type]]) -> str:
    """One row for each that is told something by another: the messages."""
    rows: dict[tuple[str, str], list[str]] = {}
    for to, sender, kind in heard:
        rows.setdefault((to, sender), []).append(f"`{kind.__name__}`")
    lines = ["| who | is told by | what |", "|---|---|---|"]
    lines += [f"| {to} | {sender} | {', '.join(kinds)} |" for (to, sender), kinds in rows.items()]
    return "\n".join(lines)


# --- the page ---


def sections() -> dict[str, str]:
    """What stands between the markers of that name."""
    listened = ", ".join(f"`{name}`" for name in HEARD_IN)
    return {
        "lifecycle": f"{diagram()}\n\n{transitions()}",
        "messages": f"Heard in {listened}, seed 1.\n\n{conversations(heard())}",
    }


def with_sections(page: str, texts: dict[str, str]) -> str:
    """The page with each text between its markers; ValueError where they are missing."""
    for name, text in texts.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        if page.count(begin) != 1 or page.count(end) != 1:
            raise ValueError(f"desk.md: expected one {begin} and one {end}")
        before, _, rest = page.partition(begin)
        page = f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}"
    return page


def main() -> None:
    """Rewrite the generated sections of docs/desk.md."""
    PAGE.write_text(with_sections(PAGE.read_text(encoding="utf-8"), sections()), encoding="utf-8")
    print(f"{PAGE.name}: the life of an order, and who says what")


if __name__ == "__main__":
    main()
