"""How parents end: written down first, then told to the client until it has heard, then measured and told again."""

from collections.abc import Hashable
from typing import Final

from squall.system.config import MILLISECOND, DeskConfig
from squall.system.domain.benchmarks import Tape, measured
from squall.system.domain.claims import ParentMoved
from squall.system.domain.ids import ClOrdID
from squall.system.domain.messages import ParentDone, ParentMeasured, ParentOutcome
from squall.system.domain.parent_life import ParentLife
from squall.system.runtime import Address, Runtime
from squall.system.services.algos_diary import ParentGoesOn, ParentOver, ParentWeighed
from squall.system.services.algos_history import History
from squall.system.services.submission import Submission
from squall.system.wiring import Wiring

TELL_AGAIN_NS: Final = 500 * MILLISECOND


class Ends:
    """Nobody is told of an end, neither the OMS nor the client, before that is on the disk: an OMS that has closed a
    family says nothing more of it, and a later life that does not know of the end would wait for that for ever.
    """

    def __init__(self, runtime: Runtime, config: DeskConfig, wiring: Wiring, submission: Submission) -> None:
        assert wiring.clients is not None, "there are no algorithms without clients"
        self._runtime = runtime
        self._clients: Address = wiring.clients
        self._submission = submission
        self.history = History(runtime, config, wiring, self._on_measured)
        self._lives: dict[ClOrdID, ParentLife] = {}
        """Those that have ended, and not been reconsidered since."""
        self._tokens: dict[ClOrdID, int] = {}
        """Parents that have ended since their last entry was durable, with its token."""
        self.on_config(config)

    def on_config(self, config: DeskConfig) -> None:
        self._config = config.algos
        self.history.on_config(config)

    def restore(self, life: ParentLife, at_the_oms: bool) -> None:
        """An earlier life has written down its end. It may have died before it closed it at the OMS."""
        assert life.done is not None, "only what has ended is told of"
        self._lives[life.name] = life
        if at_the_oms:
            self._submission.cancel(life.name)
        self._tell(life.done)
        self._measure(life)

    # --- the end itself ---

    def finish(self, life: ParentLife, outcome: ParentOutcome, middle_twice: int | None) -> None:
        """It has ended, of which nobody is told yet. *middle_twice*: the middle of the market, doubled."""
        life.done = life.ending(outcome)
        life.ended_ns, life.last_twice = self._runtime.now_ns, middle_twice
        self._lives[life.name] = life
        self._tokens[life.name] = self._submission.remember(ParentOver(life.done, life.ended_ns, life.last_twice))

    def goes_on(self, life: ParentLife, middle_twice: int | None) -> bool:
        """A trade of what has ended is busted or corrected, and nobody has been told of the end yet: whether it has not
        ended after all."""
        outcome = life.outcome(self._runtime.now_ns)
        if outcome is None:
            life.done = None
            del self._tokens[life.name], self._lives[life.name]
            self._submission.remember(ParentGoesOn(life.name))
            return True
        if life.done != life.ending(outcome):
            self.finish(life, outcome, middle_twice)
        return False

    def on_durable(self, token: int) -> None:
        for name in [name for name, end in self._tokens.items() if end <= token]:
            del self._tokens[name]
            self._over(self._lives[name])

    def _over(self, life: ParentLife) -> None:
        """Its end is on the disk: no later life forgets it."""
        assert life.done is not None, "only what has ended is over"
        life.close()
        self._submission.cancel(life.name)
        self._runtime.emit(ParentMoved(life.name, "done", life.done.outcome.value))
        self._tell(life.done)
        self._measure(life)

    # --- what the client is told of it ---

    def tell_again(self, life: ParentLife) -> None:
        """A client asks for the end of what has ended."""
        if life.over and life.done is not None:
            self._tell(life.done)

    def heard(self, name: ClOrdID, of_report: bool) -> None:
        """The client has heard of the end, or how well it was executed."""
        self._runtime.cancel_timer(("report" if of_report else "tell", name))

    def _tell(self, done: ParentDone) -> None:
        """Again and again, until the client has heard it."""
        self._runtime.write(self._clients, done)
        self._runtime.set_timer(TELL_AGAIN_NS, ("tell", done.cl_ord_id))

    def _measure(self, life: ParentLife) -> None:
        """Its report, or what is needed for it; a later life begins with that anew."""
        if life.report is not None:
            self._report(life.report)
        else:
            start_ns = min(life.order.start_ns, life.ended_ns)  # it may have been cancelled before its window began
            self.history.measure(life.name, life.order.symbol, start_ns, life.ended_ns)

    def _on_measured(self, name: ClOrdID, tape: Tape) -> None:
        life = self._lives[name]
        assert life.done is not None, "only what is done is measured"
        poor_bps = self._config.poor_execution_bps
        life.report = measured(life.order, life.done, life.arrival_twice, life.last_twice, tape, poor_bps)
        self._submission.remember(ParentWeighed(life.report))
        self._report(life.report)

    def _report(self, report: ParentMeasured) -> None:
        """Again and again, until the client has heard it."""
        self._runtime.write(self._clients, report)
        self._runtime.set_timer(TELL_AGAIN_NS, ("report", report.cl_ord_id))

    def on_timer(self, key: Hashable) -> bool:
        """Whether the timer was one of these."""
        match key:
            case ("tell", str(name)):
                done = self._lives[ClOrdID(name)].done
                assert done is not None, "only what is done is told"
                self._tell(done)
            case ("report", str(name)):
                report = self._lives[ClOrdID(name)].report
                assert report is not None, "only what was measured is reported"
                self._report(report)
            case _:
                return self.history.on_timer(key)
        return True
