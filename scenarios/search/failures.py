"""How a promise broke, in words that are the same for every seed that broke it alike."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from squall.scenarios.result import CheckResult, SeedFailure, Verdict

_MORE: Final = re.compile(r" \(and \d+ more\)$")
_VARIES: Final = re.compile(
    r"(?P<place>[\w./-]+\.py:\d+)"  # where a program raised: this is what tells two of them apart
    r"|\b[0-9a-f]{16,}\b"  # digests
    r"|\b[A-Za-z]\w*(?:-\w+)*-\d[\w~]*"  # identities, as pulse-ACME-17~2
    r"|[+-]?\b\d+(?:[.,]\d+)*(?:\s?(?:ns|µs|us|ms|s|min|h)\b|\s?%)?"  # numbers, with their units
    r"|\bNone\b"
)
_SEVERAL: Final = re.compile(r"#(?:, #)+")


def in_general(detail: str, symbols: Sequence[str] = ()) -> str:
    """The detail without what differs from seed to seed: numbers, times, identities, symbols, how many more."""
    said = _VARIES.sub(lambda found: found["place"] or "#", _MORE.sub("", detail))
    for symbol in symbols:
        said = re.sub(rf"\b{re.escape(symbol)}\b", "#", said)
    return _SEVERAL.sub("#", said)


def failures_of(checks: Iterable[CheckResult], symbols: Sequence[str]) -> tuple[SeedFailure, ...]:
    """The promises that broke, the earliest first: what came first is the likeliest cause of what followed."""
    broken = [check for check in checks if check.verdict is Verdict.VIOLATED]
    broken.sort(key=lambda check: (check.at_ns is None, check.at_ns or 0))
    return tuple(SeedFailure(c.name, in_general(c.detail, symbols), c.detail, c.at_ns) for c in broken)
