"""What may pass is tried again: with exponential back-off and jitter, and not for ever.

The n-th wait is between half and the whole of `first` · 2ⁿ seconds, at most `longest`: those who
met at a lock do not meet there again.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from crm_migrate.systems.target import TransientFault

T = TypeVar("T")
Waited = Callable[[TransientFault, int], None]
"""Receives a fault that is to be tried again, and how many times it was tried before."""


@dataclass(frozen=True)
class Patience:
    """How often and how patiently a transaction is tried again."""

    times: int = 6
    """Tries after the first one."""
    first: float = 0.5
    """Seconds."""
    longest: float = 30.0
    """Seconds."""
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    """A number between 0 and 1."""

    def wait(self, fault: TransientFault, tried: int, waited: Waited) -> None:
        """Wait for the next try, or give up.

        Raises:
            TransientFault: it was tried often enough.
        """
        if tried >= self.times:
            raise fault
        waited(fault, tried)
        if fault.passing == "key_race":  # nobody is in the way any more
            return
        seconds = min(self.longest, self.first * 2.0**tried)
        self.sleep(seconds * (1 + self.chance()) / 2)

    def through(self, step: Callable[[], T], waited: Waited) -> T:
        """The step's result; it must be harmless to do it twice.

        Raises:
            TransientFault: it was tried often enough.
        """
        tried = 0
        while True:
            try:
                return step()
            except TransientFault as fault:
                self.wait(fault, tried, waited)
                tried += 1


PATIENT = Patience()
"""About half a minute in all."""
