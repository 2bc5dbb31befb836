"""Every number and switch of the desk. The defaults are the chapter's, where it names one."""

from msgspec import Struct

MICROSECOND = 1_000
MILLISECOND = 1_000_000
SECOND = 1_000_000_000


class BreakerConfig(Struct, frozen=True):
    """One breaker per venue session, on new orders."""

    enabled: bool = True
    failure_threshold: int = 5
    failure_window_ns: int = 60 * SECOND
    reset_timeout_ns: int = 300 * SECOND


class ExecutionConfig(Struct, frozen=True):
    timeouts: bool = True
    """Protection: an order that is not answered in time is put in doubt."""
    ack_timeout_ns: int = 250 * MILLISECOND
    resolve_in_doubt: bool = True
    """Protection: ask the venue what became of an order before anything is sent again."""
    keep_cl_ord_id: bool = True
    """Protection: what is sent again bears the ClOrdID that it had."""
    query_interval_ns: int = 250 * MILLISECOND
    query_interval_max_ns: int = 2 * SECOND
    max_sends: int = 3
    """How often one order may be written to venues, the first time included."""
    back_off: bool = True
    """Protection: what is tried again and again (log-ons, status queries, orders that a venue turned away for the
    moment) is tried ever more seldom, and not by all at once."""
    retry_interval_ns: int = 50 * MILLISECOND
    """How long an order waits that a venue has turned away for the moment."""
    retry_interval_max_ns: int = 1 * SECOND
    throttle_hold_ns: int = 1 * SECOND
    """How long a venue counts as throttled after it has said that requests are too many."""
    reconnect_interval_ns: int = 100 * MILLISECOND
    reconnect_interval_max_ns: int = 1 * SECOND
    flap_damping: bool = True
    """Protection: a session that has not held for long is not tried again at once, and with each further one that falls
    it is left for longer: that it came up proves little."""
    flap_window_ns: int = 3 * SECOND
    """A session that has held for so long is well, and what was before is forgotten."""
    flap_interval_ns: int = 200 * MILLISECOND
    flap_interval_max_ns: int = 8 * SECOND
    heartbeat_interval_ns: int = 1 * SECOND
    fencing: bool = True
    """Protection: refuse orders of a lower epoch than the highest seen."""
    within_parent: bool = True
    """Protection: under an order's name no more is sent than the OMS has let out, in however many children."""
    max_parents: int = 10_000
    """How many orders that remembers, the latest ones."""


class RiskConfig(Struct, frozen=True):
    max_order_lots: int = 10_000
    hard_block: bool = True
    """Protection: a larger order is denied, whoever insists on it."""
    warn_order_lots: int = 5_000
    """A larger order than this draws a warning. Nobody has to heed it: the order goes its way."""
    max_position_lots: int = 50_000
    count_in_flight: bool = True
    """Protection: approved orders that have not ended count as if filled."""
    loss_limit: bool = True
    """Protection: past the daily loss only orders that reduce the position pass."""
    max_daily_loss: int = 10_000
    """In whole currency units, positive."""
    drawdown_limit: bool = True
    """Protection: once equity has fallen so far from its peak only orders that reduce the position pass."""
    max_drawdown_percent: int = 15
    cash: int = 1_000_000
    """What the gate reckons that the day begins with, in whole currency units: the first equity, and what may be spent.

    The portfolio's own is `portfolio.cash`: what is let out may be less than what is there."""
    exposure_limits: bool = True
    """Protection: an order's value, gross and net exposure, what is held, and cash have limits, flight included."""
    max_order_value: int = 1_000_000
    max_portfolio_value: int = 1_000_000
    """Of all that is long, in whole currency units; percentages of the portfolio are of this."""
    max_gross_percent: int = 200
    max_net_percent: int = 100
    concentration: bool = True
    """Protection: one name and one sector have a limit as shares of the portfolio, flight included."""
    max_name_percent: int = 10
    max_sector_percent: int = 30
    price_collar: bool = True
    """Protection: no order's limit is far through the mark, and none adds to a position in a market on the run."""
    collar_percent: int = 5
    """How far a limit may be through the mark."""
    collar_window_percent: int = 10
    """How far the mark may have run, against who buys or sells, within the window."""
    collar_window_ns: int = 10 * SECOND
    fat_finger: bool = True
    """Protection: an order many times as large as its strategy's latest ones is denied: a value for a quantity."""
    fat_finger_times: int = 20
    """How many times the largest of the last sixteen."""
    fat_finger_lots: int = 200
    """Orders up to this are never thought to be mistyped."""
    rate_limit: bool = True
    """Protection: in no second do more orders pass than this."""
    max_orders_per_s: int = 5_000
    duplicate_filter: bool = True
    """Protection: an order that is like several just before it, in all but its name, is denied."""
    max_alike: int = 4
    """How many alike may pass within the window."""
    duplicate_window_ns: int = 1 * MILLISECOND
    repeat_throttle: bool = True
    """Protection: a strategy whose orders are executed again and again is stopped, until a person sets it going."""
    max_repeats: int = 1_000
    """How many executions of one side of one name a strategy may have within the window."""
    repeat_window_ns: int = 1 * SECOND
    restricted_list: bool = True
    """Protection: nothing is traded that reference data call restricted."""
    locates: bool = True
    """Protection: no more is sold short than a lender has set aside."""
    kill_switch: bool = True
    """Protection: what is switched off trades no more, what is open of it is cancelled, and that is proved."""
    drain: bool = True
    """Protection: what closes is not said to be closed before nothing is in flight and the venues' lists agree."""
    closing_patience_ns: int = 10 * SECOND
    """After so long people are told what a close still waits for."""
    repeat_switch_ns: int = 200 * MILLISECOND
    """How often an operator's word is repeated until it is done."""
    peak_step: int = 1_000
    """By how much a new peak of the day's profit has to be higher, to be written down; whole currency units."""
    max_waiting: int = 10_000
    """How many questions may wait until the gate knows its positions; more are dropped, with an alert."""
    reopen_interval_ns: int = 50 * MILLISECOND
    """How long positions and risk wait before they try again to reach each other."""
    sync_patience_ns: int = 1 * SECOND
    """How long positions that know nothing wait for a leader before they knock at the OMSs' doors."""


class FeedConfig(Struct, frozen=True):
    arbitration: bool = True
    """Protection: listen to lines A and B and take whichever is first."""
    gap_recovery: bool = True
    """Protection: ask for a snapshot when both lines have missed something."""
    gap_timeout_ns: int = 5 * MILLISECOND
    """How long the other line may take to bring what one has missed."""
    snapshot_timeout_ns: int = 100 * MILLISECOND
    check_crossed: bool = True
    """Protection: a book whose bid is above its ask is not traded on until the venue's snapshot has mended it."""
    check_locked: bool = True
    """Protection: likewise one whose bid is its ask."""
    check_numbers: bool = True
    """Protection: an update with a price of zero or less, or a size below it, is not applied; a snapshot is."""
    check_time: bool = True
    """Protection: an update that is stamped earlier than the one before it is not applied; a snapshot is."""
    check_symbol: bool = True
    """Protection: an update of what the venue does not list makes all its books suspect, until a snapshot has come."""
    check_prices: bool = True
    """Protection: a book whose price leaves the band is not traded on until the venue's snapshot confirms it."""
    band_percent: int = 10
    """How far a best price may be from the last one that was believed."""
    watch_stuck: bool = True
    """Protection: a book whose updates change nothing is not traded on until it moves and a snapshot has come."""
    stuck_updates: int = 3
    watch_silence: bool = True
    """Protection: a feed of which nothing is heard, heartbeats included, is not traded on."""
    silence_ns: int = 300 * MILLISECOND
    watch_quiet: bool = True
    """Protection: while no updates come, a snapshot is asked for: a feed that lags behind it is not traded on."""
    quiet_ns: int = 2 * SECOND
    conflate: bool = True
    """Protection: when there are more ticks than this, only the latest of each book is said, and stale ones always."""
    ticks_per_s: int = 1_000
    """How many ticks go to each listener in the long run."""
    tick_burst: int = 100
    """How many may go at once before that counts."""
    second_provider: bool = True
    """Protection: while a venue's own feed is ill for long, its books are told from another provider's."""
    failover_after_ns: int = 500 * MILLISECOND
    """How long that is."""
    failback_after_ns: int = 2 * SECOND
    """How long the venue's own feed has to be well again without a break."""
    second_max_age_ns: int = 250 * MILLISECOND
    """How long the second provider may be silent."""


class HistoryConfig(Struct, frozen=True):
    """What the tick store keeps."""

    bar_ns: int = 1 * SECOND
    """The length of a bar: how often market data tell the store what has been traded, and at which prices."""
    batch: int = 5
    """How many intervals are written to the disk at once: so much a crash may cost, besides what was on its way."""
    max_bars: int = 100_000
    """How many bars of each symbol are kept to be asked about, the latest ones."""
    max_unsynced: int = 100
    """How many records may wait for the disk; beyond it, bars are not written."""


class RouterConfig(Struct, frozen=True):
    count: int = 1
    """How many routers there are; each order is the business of one of them."""
    await_execution: bool = True
    """Protection: while execution is being replaced, orders wait for it, and are not sent back to be given up."""
    patience_ns: int = 250 * MILLISECOND
    """How long an order waits for it."""
    believed_stops: bool = True
    """Protection: a stop order that the desk holds is set off by prices that are believed, and by no others."""


class LeaseConfig(Struct, frozen=True):
    takeover: bool = True
    """Protection: a backup OMS takes over when the leader is silent."""
    self_stop: bool = True
    """Protection: a leader stops on its own clock before its lease ends."""
    hand_over: bool = True
    """Protection: a leader that is to be replaced gives its lease up to a standby that has all of its journal."""
    settle_ns: int = 5 * MILLISECOND
    """How long it takes nothing new before it does, so that what it has let out gets to where it goes."""
    beat_ns: int = 100 * MILLISECOND
    missed_beats: int = 3
    lease_ns: int = 500 * MILLISECOND
    drift_allowance_ppm: int = 200
    retry_ns: int = 50 * MILLISECOND


class OmsConfig(Struct, frozen=True):
    output_commit: bool = True
    """Protection: no effect leaves before its events are on the backup's disk too."""
    replay: bool = True
    """Protection: a new leader rebuilds its state from the journal."""
    whole_log: bool = True
    """Protection: from a log with a record that cannot be read nobody leads; the other OMS's takes its place."""
    reconcile: bool = True
    """Protection: a new leader asks what became of every open order before it takes traffic."""
    keep_stops: bool = True
    """Protection: a new leader goes on with the stop orders that the desk holds."""
    upcast: bool = True
    """Protection: events that an earlier build has written are lifted to what they are now when they are read."""
    form_checks: bool = True
    """Protection: a malformed order (symbol, lot, tick, price, time in force) goes nowhere, not even to risk."""
    ended_kept: int = 10_000
    """How many orders that have ended are kept in memory with their executions, the latest ones."""
    recall: bool = True
    """Protection: what is said of an order that ended longer ago is held against the journal, and amends it."""
    max_reroutes: int = 3
    """How often an order that is certainly at no venue is let out again before the desk gives it up."""
    reconcile_wait_ns: int = 200 * MILLISECOND
    """How long a new leader waits for answers about its open orders; what is still open then stays in doubt."""
    reconnect_interval_ns: int = 50 * MILLISECOND
    """How often a leader tries to open the streams that it lacks."""
    snapshot_events: int = 5_000
    """After so many events more the leader keeps its state on the disk, to begin with it after a restart; 0: never."""
    parent_cap: bool = True
    """Protection: of a client's parent order no more is let out than is left of it, in however many children."""
    inquiry_interval_ns: int = 5 * SECOND
    """How often a leader looks for orders that nobody has spoken of since it last looked, and asks about them."""


class UpgradeConfig(Struct, frozen=True):
    """How programs are replaced while the desk trades, and stopped when it has closed."""

    await_ready: bool = True
    """Protection: the next program is not touched before the last one says that it can do its part."""
    await_close: bool = True
    """Protection: no program is stopped for the day before the desk is closed: nothing in flight, the venues agree."""
    ask_interval_ns: int = 10 * MILLISECOND
    """How often what has not been answered is said again."""
    patience_ns: int = 5 * SECOND
    """How long one step with one program may take: a build that is not ready by then is taken back."""


class ReconcileConfig(Struct, frozen=True):
    """What the venues say of trades and open orders, on a line that no order travels on."""

    drop_copy: bool = True
    """Protection: a trade that only the drop copy tells of is booked."""
    open_orders: bool = True
    """Protection: what a venue no longer lists as open comes to its end, and what should not be open is cancelled."""
    grace_ns: int = 500 * MILLISECOND
    """How long a trade's own report has before its drop copy is handed to the leader."""
    interval_ns: int = 2 * SECOND
    """Between two queries for a venue's open orders."""
    timeout_ns: int = 1 * SECOND
    """After which a query has failed: what is open there is unknown."""
    gap_timeout_ns: int = 100 * MILLISECOND
    """How long drop copies that are missing may take to come before they are asked for again."""
    reopen_interval_ns: int = 200 * MILLISECOND
    """Before a lost stream to a venue is opened again."""
    max_trades_kept: int = 1_000
    """Of each venue: what a new leader is told anew."""


class StrategyConfig(Struct, frozen=True):
    resubmit_interval_ns: int = 200 * MILLISECOND
    max_resubmits: int = 100
    price_collar: bool = True
    """Protection: each child order of an execution algorithm has a limit, and none goes into a market on the run."""
    collar_percent: int = 1
    """How far a child order may reach through the touch."""
    collar_window_percent: int = 3
    """How far the touch may have moved against us within the window."""
    collar_window_ns: int = 10 * SECOND
    pull_stale_quotes: bool = True
    """Protection: quotes are taken back as soon as no venue's prices are believed."""
    heed_venues: bool = True
    """Protection: a strategy that decides by itself neither sends to a venue that execution does not hold safe (breaker
    open, session down, halted) nor prices by it, and pulls its quotes when one becomes so."""
    replace_quotes: bool = True
    """Protection: a quote that has to move is replaced where it rests, so that it is in the market all the while, and
    never twice."""
    heed_throttle: bool = True
    """Protection: at a venue that turns requests away because they are too many, quotes move less often."""
    throttled_cool_down_ns: int = 1 * SECOND
    """How much less: the time between two orders, or moves, of one symbol and side there."""
    quote_patience_ns: int = 3 * SECOND
    """A market of which no tick has come for so long is not believed either, whatever market data says of it."""
    cool_down: bool = True
    """Protection: after an order, the next one in the same symbol and on the same side has to wait."""
    cool_down_time_ns: int = 200 * MILLISECOND
    risk_budget_lots: int = 500
    """How many lots a strategy that decides by itself may be long or short in one symbol, in-flight orders counted."""
    max_take_lots: int = 100
    """The largest order, or quote, of such a strategy."""
    take_ticks: int = 2
    """How far beyond the touch an order that takes may reach."""
    max_legs: int = 4
    """Into how many orders, one a venue, such an order may be split; 1: it is not."""
    hidden_percent: int = 100
    """How much of what a venue has lately had beyond what it shows is asked for as well; 0: none."""


class AlgosConfig(Struct, frozen=True):
    """How client parents are worked off where they do not say it themselves, and what the market is believed to be."""

    twap_duration_ns: int = 3_600 * SECOND
    twap_slices: int = 10
    day_ns: int = 23_400 * SECOND
    """The trading day, 6.5 hours from the opening at 0: the length of a VWAP, and the close of everything."""
    shortfall_slices: int = 20
    shortfall_slice_ns: int = 180 * SECOND
    price_variance_millionths: int = 1_600_000
    """Of a second, in half ticks squared: a half tick up or down in two of five quarter seconds makes 1.6."""
    temporary_impact_millionths: int = 5_000
    """What trading a lot a second costs, in half ticks: through a level of 400 lots a second, a tick."""
    permanent_impact_millionths: int = 10
    """What each lot moves for good, in half ticks."""
    pace_ns: int = 1 * SECOND
    """How often a parent that is behind tries again; one that follows volume looks at it as often."""
    max_child_lots: int = 1_000
    """The largest child: what was missed in a pause is made up in steps."""
    profile_parts: int = 10
    """In how many parts of the day a VWAP is cut, and its volume is asked for."""
    profile_bars_min: int = 3
    """How many bars must have been recorded of each part: with less, a VWAP follows the usual volume."""
    history_interval_ns: int = 5 * SECOND
    """How often the tick store is asked for what it has recorded of volume; nobody waits for its answer."""
    measure_tries: int = 3
    """How often, a bar apart, the tick store is asked what was traded while a parent was at work."""
    poor_execution_bps: int = 5
    """A parent that was traded worse than its interval's VWAP by more than this was executed poorly."""
    dark_from_lots: int = 100
    """From so many lots on an order that is to go to the dark first does; smaller ones go to lit venues at once."""
    dark_min_percent: int = 10
    """MinQty of what rests in the dark, in percent of it."""
    dark_patience_ns: int = 2 * SECOND
    """How long it rests there; then it is taken back, and what is left goes to the lit venues."""
    await_end: bool = True
    """Protection: what is taken back from the dark is routed on once its end is confirmed: until then it may trade."""


class Entry(Struct, frozen=True):
    """One field of an instrument's entry, as `squall.system.domain.reference` reads it."""

    symbol: str
    field: str
    value: str


class ReferenceConfig(Struct, frozen=True):
    entries: tuple[Entry, ...] = ()
    """What differs from the entries that the desk was laid out with; the last word on a field counts."""


class PortfolioConfig(Struct, frozen=True):
    amend: bool = True
    """Protection: what a venue busts or corrects counts no more, or otherwise, in what the desk holds."""
    cash: int = 1_000_000
    """What the day begins with, in whole currency units."""
    remember: bool = True
    """Protection: the highest equity and the prices of the past are on the disk, so that a restart forgets neither a
    drawdown nor the value at risk."""
    value_interval_ns: int = 1 * SECOND
    """How often everything is valued anew, and how often at most positions that move are told of."""


class VarConfig(Struct, frozen=True):
    """Value at risk and expected shortfall, by historical simulation."""

    confidence_percent: int = 95
    horizon_ns: int = 1 * SECOND
    """Over how long a time losses are looked at. The desk's day is seconds long, and so is its past."""
    observations: int = 250
    """How many horizons of the past are kept."""
    observations_min: int = 10
    """Fewer than these say nothing."""
    limit: int = 10_000
    """Of the value at risk, in whole currency units."""


class MonitorConfig(Struct, frozen=True):
    """An alert is raised beyond its alert level, and again only after the metric was back at its target."""

    health_interval_ns: int = 60 * SECOND
    health_timeout_ns: int = 5 * SECOND
    """How long a service may take to answer a knock, or to do what there is for it to do."""
    probes: bool = True
    """Protection: who keeps a stream to the monitor is asked on it for a sign of life: a stream stands for a program
    that hangs, too."""
    order_to_fill_target_ns: int = 50 * MILLISECOND
    order_to_fill_alert_ns: int = 100 * MILLISECOND
    """Of the 99th percentile of the window."""
    fill_rate_target_percent: int = 95
    fill_rate_alert_percent: int = 90
    slippage_target_bp: int = 5
    slippage_alert_bp: int = 10
    """Of what the window's orders have executed, in basis points of the middle when they were decided on, fees
    included."""
    daily_profit_target: int = 0
    daily_profit_alert: int = -10_000
    """In whole currency units; a loss is negative."""
    drawdown_target_percent: int = 10
    drawdown_alert_percent: int = 15
    """Of the highest equity there has been."""
    var_utilisation_target_percent: int = 80
    var_utilisation_alert_percent: int = 90
    """Of `var.limit`."""
    window_orders: int = 1_000
    """How many orders back order-to-fill, fill rate and slippage look."""
    window_orders_min: int = 20
    """Fewer orders than these say nothing."""
    max_open_orders: int = 100_000
    """How many orders the monitor follows at once; beyond it, the oldest one is forgotten."""
    max_alerts_kept: int = 1_000
    reopen_interval_ns: int = 50 * MILLISECOND
    """How long positions, portfolio and audit wait before they try again to reach the monitor."""


class DeskConfig(Struct, frozen=True):
    """Immutable; `--set section.key=value` makes a changed copy."""

    breaker: BreakerConfig = BreakerConfig()
    execution: ExecutionConfig = ExecutionConfig()
    risk: RiskConfig = RiskConfig()
    feed: FeedConfig = FeedConfig()
    history: HistoryConfig = HistoryConfig()
    router: RouterConfig = RouterConfig()
    lease: LeaseConfig = LeaseConfig()
    oms: OmsConfig = OmsConfig()
    reconcile: ReconcileConfig = ReconcileConfig()
    upgrade: UpgradeConfig = UpgradeConfig()
    strategy: StrategyConfig = StrategyConfig()
    algos: AlgosConfig = AlgosConfig()
    portfolio: PortfolioConfig = PortfolioConfig()
    var: VarConfig = VarConfig()
    monitor: MonitorConfig = MonitorConfig()
    reference: ReferenceConfig = ReferenceConfig()
