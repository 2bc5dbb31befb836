"""Lanes: what each host, program, breaker, leader and feed was at which time, as spans."""

from typing import Final

from squall.scenarios.result import Lane, Span

TONES: Final[dict[str, str]] = {
    "closed": "good",
    "open": "bad",
    "half-open": "warn",
    "in sequence": "good",
    "gap": "bad",
    "recovering": "warn",
    "leading": "good",
    "standby": "idle",
    "candidate": "warn",
    "stopped": "bad",
    "down": "bad",
    "up": "good",
}


class LaneBook:
    """The history of one lane, as spans."""

    def __init__(self) -> None:
        self.lanes: dict[str, list[tuple[int, str]]] = {}

    def move(self, lane: str, at_ns: int, state: str) -> None:
        """The lane is in this state from now on."""
        history = self.lanes.setdefault(lane, [])
        if not history or history[-1][1] != state:
            history.append((at_ns, state))

    def spans(self, end_ns: int) -> tuple[Lane, ...]:
        """All lanes, by name."""
        lanes = []
        for name in sorted(self.lanes):
            history = self.lanes[name]
            ends = [at_ns for at_ns, _ in history[1:]] + [end_ns]
            spans = tuple(
                Span(start_ns, until_ns, state, TONES.get(state.split(",")[0], "idle"))
                for (start_ns, state), until_ns in zip(history, ends, strict=True)
                if until_ns > start_ns
            )
            lanes.append(Lane(name, spans))
        return tuple(lanes)
