"""A look at the space that several suggestions share, if trials end faster than looks are made.

Fitting the models and scoring candidates is nearly all that a suggestion costs. Suggestions that
share a look choose among its best candidates by its models, conditioned on the predicted values of
what runs and of what has ended since (Ginsbourger et al. 2010), so that they keep apart.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass

from hpo_tui.engine.arrays import Array
from hpo_tui.engine.optimizer.acquisition.candidates import distinct
from hpo_tui.engine.optimizer.api import Trial
from hpo_tui.engine.optimizer.history import TrialHistory
from hpo_tui.engine.optimizer.models.surrogate import Models


@dataclass(slots=True)
class SharedLook:
    """Models and candidates (c, d) of a look, and how many proposals may still share it."""

    models: Models
    fresh: Array
    told: frozenset[int]
    """The trials whose results the models know."""
    left: int

    @staticmethod
    def begun(models: Models, fresh: Array, history: TrialHistory, several: int) -> "SharedLook":
        """Return what is left to share once the first proposal was made."""
        return SharedLook(models, fresh, frozenset(history.told), several - 1)

    @staticmethod
    def of(last: "SharedLook | None", history: TrialHistory, several: int) -> "SharedLook | None":
        """Return the last look if one more proposal may share it, else None.

        One that does not know twice as many results as may share it is of another time.
        """
        if last is None or last.left < 1 or several < 2 or not last.told.issubset(history.told):
            return None
        return last if len(history.told) - len(last.told) <= 2 * several else None

    def since(self, history: TrialHistory) -> list[Trial]:
        """Return the trials whose results have come in since."""
        return [history.trials[n] for n in history.told[len(self.told) :] if n not in self.told]

    def take(self, new_tasks: Sequence[int], known: Set[bytes]) -> Array:
        """Take one proposal of it: return the candidates that were not run meanwhile, (c, d)."""
        self.left -= 1
        return distinct(self.fresh, known) if new_tasks else self.fresh[:0]
