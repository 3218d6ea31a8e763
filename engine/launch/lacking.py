"""How much budget a study lacks for what is queued for its next run."""

from hpo_tui.engine.answers import WISHES
from hpo_tui.engine.costs import used
from hpo_tui.engine.spec import BudgetUnit, StudySpec
from hpo_tui.engine.wish_costs import lacking
from hpo_tui.store.read import StudyReader


def lack(reader: StudyReader) -> float | None:
    """Return how much budget a study lacks for what is queued for its next run, in its unit.

    0 where what is left pays for all of it. None where nothing is queued, or where nobody knows:
    what a trial takes of a budget in hours shows only when it has run. Raises LookupError, or
    sqlite3.Error, where the study cannot be read.
    """
    wishes = reader.open_commands(WISHES)
    if not wishes:
        return None
    spec = StudySpec.from_text(reader.study().text)
    if spec.budget.unit not in (BudgetUnit.FULL, BudgetUnit.TRIALS):
        return None
    trials = {t.number: t for t in reader.trials()}
    spent = used(spec.budget, trials.values(), wall=0.0)
    return lacking(spec, trials, [(c.action, c.args) for c in wishes], spent)
