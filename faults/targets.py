"""Whom a fault strikes: names, a group, or a selector such as ``minority of keepers``, drawn as it strikes."""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from squall.sim.world import World

Pick = Callable[[str, str], tuple[str, ...]]
"""From a place (a key of `PLACES`) and a target as written, to the names that are meant."""

PLACES: Final[Mapping[str, Callable[[World], Sequence[str]]]] = {
    "host": lambda world: tuple(world.hosts),
    "machine": lambda world: tuple(name for name in world.hosts if name not in world.venues),
    "venue": lambda world: tuple(world.venues),
    "link": lambda world: tuple(world.network.links),
    "symbol": lambda world: tuple(world.fair_values),
    "program": lambda world: world.transport.programs,
    "service": lambda world: tuple(
        name for name in world.transport.programs if world.transport.slot_of(name).host.name not in world.venues
    ),
}
"""What a target may be, and everything in a world that it may name, in the world's order. A machine is no venue's, a
service is a program on a machine."""

SELECTOR: Final = re.compile(r"(one|all|minority|primary|([0-9]{1,3}(?:\.[0-9]{1,6})?)\s*%)(?:\s+of\s+(.+))?")
_LOOKS_LIKE_ONE: Final = re.compile(r".*%|.+\s+of\s+.+")


def means(world: World, place: str, target: str) -> tuple[str, ...]:
    """Every name that this target may come to strike. ValueError where it is a selector that cannot be.

    A plain name is handed back as it is, known or not: the fault itself says what there is.
    """
    return _each(target, lambda part: _candidates(world, place, part))


def first_meant(world: World, place: str, target: str) -> tuple[str, ...]:
    """What the target would strike if chance took the first of everything: as many as it will be."""
    return _each(target, lambda part: _some(part, _candidates(world, place, part)))


def struck(world: World, place: str, target: str, key: str) -> tuple[str, ...]:
    """Who is struck now; chance knows each candidate by *key* and by its name. Nobody, where nobody leads."""

    def chosen(part: str) -> tuple[str, ...]:
        names = _candidates(world, place, part)
        if part.startswith("primary") and part not in PLACES[place](world):
            leading = _of_the_primary(world, place)
            return tuple(name for name in names if name in leading)
        drawn = {name: world.chance.draw(f"target/{key}/{part}/{name}") for name in names}
        wanted = _some(part, tuple(sorted(names, key=drawn.__getitem__)))
        return tuple(name for name in names if name in wanted)

    return _each(target, chosen)


def _each(target: str, meant: Callable[[str], tuple[str, ...]]) -> tuple[str, ...]:
    """A target may list several, with commas; nobody is struck twice."""
    return tuple(dict.fromkeys(name for part in target.split(",") for name in meant(part.strip())))


def _candidates(world: World, place: str, part: str) -> tuple[str, ...]:
    everyone = tuple(PLACES[place](world))
    if part in everyone:
        return (part,)
    if part in world.groups:
        return _members(world, place, part, everyone)
    found = SELECTOR.fullmatch(part)
    if found is None:
        if _LOOKS_LIKE_ONE.fullmatch(part):
            raise ValueError(
                f"no selector {part!r}; selectors are one, all, minority, primary or a share such as 30%, "
                "and may be followed by of and a group"
            )
        if part.partition(":")[0] in ("site", "rack"):
            places = ", ".join(group for group in world.groups if group.partition(":")[0] in ("site", "rack"))
            raise ValueError(f"no place {part!r}; there are {places or 'none: this desk stands on one switch'}")
        return (part,)
    names = everyone if found[3] is None else _members(world, place, found[3], everyone)
    if found[2] is not None and not 0.0 < float(found[2]) <= 100.0:
        raise ValueError(f"{part}: expected a share above 0% and at most 100%")
    if not names:
        raise ValueError(f"{part}: there is nobody to choose from")
    if not _some(part, names):
        raise ValueError(f"{part}: a minority of {len(names)} is nobody")
    return names


def _members(world: World, place: str, group: str, everyone: tuple[str, ...]) -> tuple[str, ...]:
    """Those of a group that this place has: by name; else the links of its hosts, or the programs on them."""
    if group not in world.groups:
        close = difflib.get_close_matches(group, world.groups, 1)
        known = f"did you mean {close[0]}?" if close else f"groups are {', '.join(world.groups) or 'none'}"
        raise ValueError(f"no group {group!r}; {known}")
    members = world.groups[group]
    named = tuple(name for name in everyone if name in members)
    found = named or tuple(name for name in everyone if any(host in members for host in _hosts_of(world, place, name)))
    if not found:
        raise ValueError(f"{group}: none of this group is a {place}; it has {', '.join(members)}")
    return found


def _hosts_of(world: World, place: str, name: str) -> tuple[str, ...]:
    match place:
        case "link":
            return world.network.link(name).ends
        case "program" | "service":
            return (world.transport.slot_of(name).host.name,)
        case _:
            return (name,)


def _of_the_primary(world: World, place: str) -> tuple[str, ...]:
    """The leader's address, its host, or its host's links."""
    leader = world.primary()
    if leader is None:
        return ()
    host = world.transport.slot_of(leader).host.name
    if place in ("program", "service"):
        return (leader,)
    return tuple(name for name in PLACES[place](world) if host in _hosts_of(world, place, name))


def _some(part: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """As many of them as the selector takes, from the front."""
    found = SELECTOR.fullmatch(part)
    if found is None or part in names:
        return names
    match found[1]:
        case "one" | "primary":
            return names[:1]
        case "all":
            return names
        case "minority":
            return names[: (len(names) - 1) // 2]
        case _:
            return names[: max(1, int(float(found[2]) * len(names) / 100.0 + 0.5))]
