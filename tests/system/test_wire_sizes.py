"""What long messages weigh: as much as there is in them."""

from squall.sim.exchange.wire.messages import Side
from squall.system.domain.ids import ClOrdID, Epoch, ExecID, Symbol, Venue
from squall.system.domain.messages import BookFill, JournalCopied, JournalImage, SyncPositions


def test_an_image_of_a_journal_weighs_what_its_events_weigh() -> None:
    assert JournalImage(Epoch(1), ()).wire_bytes == 60
    assert JournalImage(Epoch(1), (b"x" * 200,) * 1_000).wire_bytes == 60 + 204_000


def test_a_copy_of_events_and_a_telling_of_fills_are_longer_the_more_there_are() -> None:
    fill = BookFill(ExecID("e"), ClOrdID("o"), Venue("exchange-a"), Symbol("ACME"), Side.BUY, 10, 200)
    assert JournalCopied(Epoch(1), 1, (fill,)).wire_bytes == 300
    assert JournalCopied(Epoch(1), 1, (fill,) * 50).wire_bytes == 60 + 50 * 240
    assert SyncPositions(Epoch(1), ()).wire_bytes < 100
    assert SyncPositions(Epoch(1), (fill,) * 500).wire_bytes == 60 + 500 * 96
