"""What an event loop can be asked for, and this one refuses: each by its name, with what to use instead."""

from collections.abc import Callable
from typing import Any, Final, NoReturn

NETWORK: Final = "talk over the simulated network: asyncio.open_connection, asyncio.start_server"
ONE_THREAD: Final = "a run is one thread: await a coroutine, or give the work a host of its own"
NO_PROCESS: Final = "a host runs the programs that its seats name: make it a seat"
NO_SIGNAL: Final = "nobody sends signals to a simulated process: a crash is a fault of the plan, and comes without one"
WORLD: Final = "the world runs the loop: what asyncio.run would be given is the program's main coroutine"
MARKET_DATA: Final = "datagrams from a venue's feed are in the queue env.feed"

REFUSED: Final[dict[str, str]] = {
    **dict.fromkeys(("run_forever", "run_until_complete", "stop", "close"), WORLD),
    **dict.fromkeys(("run_in_executor", "set_default_executor"), ONE_THREAD),
    **dict.fromkeys(("add_reader", "remove_reader", "add_writer", "remove_writer"), NETWORK),
    **dict.fromkeys(("sock_recv", "sock_recv_into", "sock_recvfrom", "sock_recvfrom_into"), NETWORK),
    **dict.fromkeys(("sock_sendall", "sock_sendto", "sock_connect", "sock_accept", "sock_sendfile"), NETWORK),
    **dict.fromkeys(("create_unix_connection", "create_unix_server", "connect_accepted_socket"), NETWORK),
    **dict.fromkeys(("start_tls", "sendfile", "getaddrinfo", "getnameinfo"), NETWORK),
    "create_datagram_endpoint": MARKET_DATA,
    **dict.fromkeys(("connect_read_pipe", "connect_write_pipe", "subprocess_exec", "subprocess_shell"), NO_PROCESS),
    **dict.fromkeys(("add_signal_handler", "remove_signal_handler"), NO_SIGNAL),
}
"""By the method's name on the loop."""


class UnsupportedError(NotImplementedError):
    """A call that this loop does not have: its name, and what to use instead."""


def refuse(call: str, advice: str) -> NoReturn:
    """Raise, naming the call."""
    raise UnsupportedError(f"{call} is not supported in a run; {advice}")


def refusal(name: str) -> Callable[..., NoReturn]:
    """A method that refuses to be called. (Those that would be awaited raise as they are called.)"""

    def refused(self: object, *args: Any, **kwargs: Any) -> NoReturn:
        refuse(f"loop.{name}", REFUSED[name])

    refused.__name__ = name
    return refused


def refusing_the_rest(cls: type) -> type:
    """Put a refusal for each name of the table into a class of loops."""
    for name in REFUSED:
        setattr(cls, name, refusal(name))
    return cls
