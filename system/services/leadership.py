"""Who leads: beats and silence, campaigns for an epoch, and the leader's own watch on its lease."""

from enum import Enum

from squall.system.config import LeaseConfig
from squall.system.domain.claims import LeadershipMoved
from squall.system.domain.ids import Epoch
from squall.system.domain.lease import lease_end_ns, majority
from squall.system.domain.messages import (
    LeaderBeat,
    LeaseGranted,
    LeaseOffered,
    LeaseRefused,
    LeaseRenewed,
    ReleaseLease,
    RenewLease,
    RequestLease,
)
from squall.system.runtime import Address, Runtime
from squall.system.wiring import Wiring


class OmsTimer(Enum):
    """The keys of all timers that an OMS sets."""

    __hash__ = object.__hash__

    SILENCE = "no leader is heard"
    RETRY = "ask the keepers again"
    BEAT = "beat"
    LEASE_END = "the lease ends"
    RECONNECT = "open what is not open"
    RECONCILE = "enough of waiting for answers"
    SETTLED = "what was let out has got to where it goes"
    INQUIRE = "look for orders that nobody speaks of"


class Role(Enum):
    STANDBY = "standby"
    CANDIDATE = "candidate"
    RECOVERING = "recovering"
    LEADING = "leading"
    STOPPED = "stopped"


class Leadership:
    """One OMS's part in it. Knows nothing of orders: the OMS asks it whether it may act."""

    def __init__(self, runtime: Runtime, config: LeaseConfig, wiring: Wiring, peer: Address) -> None:
        self._runtime = runtime
        self.config = config
        self._keepers = wiring.keepers
        self._peer = peer
        self.role = Role.STOPPED
        self.epoch = Epoch(0)
        """That we ask for, or lead."""
        self._yes: dict[Address, int] = {}
        """Keeper → when we sent the latest request or renewal that it said yes to."""
        self._no: dict[Address, None] = {}
        """Keepers that have given this epoch to somebody else."""
        self._campaign_began_ns = 0
        self._attempts = 0
        self._lease_end_ns = 0
        self._beats = 0

    @property
    def acting(self) -> bool:
        """We have won an epoch, and have not lost it."""
        return self.role is Role.RECOVERING or self.role is Role.LEADING

    def moved_to(self, role: Role) -> None:
        """Take this role, and say so."""
        if role is not self.role:
            self.role = role
            self._runtime.emit(LeadershipMoved(self._runtime.address, role.value, self.epoch))

    # --- the standby ---

    def listen(self, *, long: bool = False) -> None:
        """Give the leader time for some beats; a *long* patience lets a lease come to its end too."""
        lease = self.config
        patience_ns = lease.missed_beats * lease.beat_ns + (lease.lease_ns if long else 0)
        self._runtime.set_timer(patience_ns, OmsTimer.SILENCE)

    def on_beat_heard(self, epoch: Epoch, followed: Epoch) -> bool:
        """A leader lives. True where it leads a higher epoch than ours, so that we are to step down."""
        if self.acting:
            return epoch > self.epoch
        if epoch >= followed:
            self._runtime.cancel_timer(OmsTimer.RETRY)
            self.moved_to(Role.STANDBY)
            self.listen()
        return False

    # --- the candidate ---

    def campaign(self, followed: Epoch) -> None:
        """Ask for the epoch after the one whose journal we have. Higher ones are not ours to ask for."""
        self.epoch = Epoch(followed + 1)
        self._yes.clear()
        self._no.clear()
        self._campaign_began_ns = self._runtime.monotonic_ns
        self.moved_to(Role.CANDIDATE)
        self.ask()

    def ask(self) -> None:
        """Ask all keepers, and again after a while."""
        runtime, lease = self._runtime, self.config
        now_ns = runtime.monotonic_ns
        self._attempts += 1
        request = RequestLease(self.epoch, runtime.address, now_ns, self._attempts)
        for keeper in self._keepers:
            runtime.send(keeper, request)
        # Nobody answers for long: no use in hammering.
        patient = now_ns - self._campaign_began_ns > 2 * lease.lease_ns
        retry_ns = lease.lease_ns if patient else lease.retry_ns
        jitter_ns = int(retry_ns * runtime.chance("lease retry", self.epoch, self._attempts))
        runtime.set_timer(retry_ns + jitter_ns, OmsTimer.RETRY)

    def on_granted(self, message: LeaseGranted) -> bool:
        """One keeper says yes. True where that makes a majority, in time: the epoch is won."""
        if self.role is not Role.CANDIDATE or message.epoch != self.epoch:
            return False
        self._no.pop(message.keeper, None)
        if not self._counts(message.keeper, message.asked_ns) or self._ended():
            return False
        self._runtime.cancel_timer(OmsTimer.RETRY)
        self._runtime.cancel_timer(OmsTimer.SILENCE)
        self.moved_to(Role.RECOVERING)
        self.beat()
        return True

    def on_refused(self, message: LeaseRefused) -> None:
        """One keeper says no. Where most have given the epoch away, wait for a beat."""
        if self.role is not Role.CANDIDATE or message.epoch != self.epoch or message.highest < self.epoch:
            return
        self._no[message.keeper] = None
        if len(self._no) >= majority(len(self._keepers)):
            self._runtime.cancel_timer(OmsTimer.RETRY)
            self.moved_to(Role.STANDBY)
            self.listen(long=True)

    # --- the leader ---

    def beat(self) -> None:
        """Renew the lease, tell the standby that we live, and come again in a beat."""
        runtime = self._runtime
        self._beats += 1
        renewal = RenewLease(self.epoch, runtime.address, runtime.monotonic_ns, self._beats)
        # Never twice running: a lease outlasts one beat that is missed, by its configuration.
        if self._beats % 2 or not runtime.buggify("late renewal", self.epoch, self._beats):
            for keeper in self._keepers:
                runtime.send(keeper, renewal)
        self.tell(self._peer)
        runtime.set_timer(self.config.beat_ns, OmsTimer.BEAT)

    def tell(self, oms: Address) -> None:
        """We lead."""
        self._runtime.send(oms, LeaderBeat(self.epoch, self._runtime.address, self._beats))

    def on_renewed(self, message: LeaseRenewed) -> None:
        """One keeper has renewed our lease."""
        if self.acting and message.epoch == self.epoch:
            self._counts(message.keeper, message.asked_ns)

    def _counts(self, keeper: Address, asked_ns: int) -> bool:
        """Note a yes; True where a majority has now said yes."""
        self._yes[keeper] = max(asked_ns, self._yes.get(keeper, asked_ns))
        lease = self.config
        end_ns = lease_end_ns(self._yes, len(self._keepers), lease.lease_ns, lease.drift_allowance_ppm)
        if end_ns is None:
            return False
        if end_ns > self._lease_end_ns:
            self._lease_end_ns = end_ns
            self._runtime.set_timer(end_ns - self._runtime.monotonic_ns, OmsTimer.LEASE_END)
        return True

    def _ended(self) -> bool:
        return self._runtime.monotonic_ns >= self._lease_end_ns

    def overdue(self) -> bool:
        """We lead by a lease that has ended, and we watch our clock."""
        # The clock first: it is asked before every message, and almost always the answer is no.
        return self._runtime.monotonic_ns >= self._lease_end_ns and self.acting and self.config.self_stop

    def release(self, version: int) -> None:
        """We have stopped: the keepers need not wait for our lease to end, nor the standby for our silence."""
        for keeper in self._keepers:
            self._runtime.send(keeper, ReleaseLease(self.epoch, self._runtime.address))
        self._runtime.send(self._peer, LeaseOffered(self.epoch, version))

    def stop(self) -> None:
        """Lead no more; listen for whoever does."""
        for key in (OmsTimer.BEAT, OmsTimer.LEASE_END):
            self._runtime.cancel_timer(key)
        self.moved_to(Role.STOPPED)
        self.moved_to(Role.STANDBY)
        self.listen(long=True)
