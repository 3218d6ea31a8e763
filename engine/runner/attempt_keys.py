"""Under which keys the store keeps what the next runner has to know of a trial's attempt."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AttemptKeys:
    """The keys of one trial. Its row has the rest."""

    number: int

    @property
    def stop(self) -> str:
        """Why it is ended before its time: [kind, text]."""
        return f"stop:{self.number}"

    @property
    def begun(self) -> str:
        """Where a later attempt began from nothing: at report ``seq``, and byte ``log`` of output.

        What was before is not its own.
        """
        return f"begun:{self.number}"

    @property
    def collector(self) -> str:
        """How far what it prints and writes has been searched for metrics."""
        return f"collector:{self.number}"
