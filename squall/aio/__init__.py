"""A user's asyncio program in the simulated world: an event loop over Runtime, on the host's virtual clock."""

from squall.aio.program import Disk, Env, program

__all__ = ["Disk", "Env", "program"]
