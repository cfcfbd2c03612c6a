"""What a service does between the signal to stop and its stop."""

from abc import ABC, abstractmethod


class Finishing(ABC):
    """An extension that has something to finish while its container still listens."""

    @abstractmethod
    def finish(self, seconds: float) -> None:
        """Take nothing new, and finish what can be within ``seconds``. It is stopped afterwards."""
