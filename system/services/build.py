"""A service in one of its builds: says which one, and whether it can do its part; all else is the service's own."""

from collections.abc import Hashable
from typing import Any

from squall.system.config import DeskConfig
from squall.system.domain.messages import AskReady, ReadyTold
from squall.system.runtime import Address, Runtime
from squall.system.services.readiness import Service, leads, unfinished, waits_for


class Build:
    """Stands before a service where builds are rolled out."""

    def __init__(self, runtime: Runtime, service: Service, version: str) -> None:
        """*version* is empty for the build that the desk was laid out with."""
        self._runtime = runtime
        self.service = service
        self._version = version

    def on_start(self) -> None:
        self.service.on_start()

    def on_message(self, sender: Address, message: Any) -> None:
        """Any message that the service understands, and one that it need not."""
        if type(message) is AskReady:
            service = self.service
            needs, left = waits_for(service), unfinished(service)
            self._runtime.send(sender, ReadyTold(message.number, self._version, needs, leads(service), left))
        else:
            self.service.on_message(sender, message)

    def on_timer(self, key: Hashable) -> None:
        self.service.on_timer(key)

    def on_durable(self, token: int) -> None:
        self.service.on_durable(token)

    def on_stream_open(self, peer: Address) -> None:
        self.service.on_stream_open(peer)

    def on_stream_closed(self, peer: Address, reason: str) -> None:
        self.service.on_stream_closed(peer, reason)

    def on_config(self, config: DeskConfig) -> None:
        self.service.on_config(config)
