"""Asking for trials: where no runner is they are queued, and can be taken back."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from hpo_tui.engine.answers import wish_text
from hpo_tui.store.models import Command, StudyState
from hpo_tui.tui.deeds.requests import Requests
from hpo_tui.tui.screens.base import Room
from hpo_tui.tui.study_deeds import add_and_run, how_queued_starts, sentence, unqueue
from hpo_tui.tui.watching.live import LiveStudy
from hpo_tui.tui.words.plain import plain

if TYPE_CHECKING:
    from textual.app import App

    from hpo_tui.tui.watching.snapshot import Snapshot


class Wishes:
    """The trials that are asked for on a screen of an open study."""

    def __init__(self, screen: Room, live: LiveStudy, requests: Requests) -> None:
        self._screen = screen
        self._live = live
        self._requests = requests

    def ask_for(self, name: str, said: str, *many: Mapping[str, Any]) -> None:
        """Ask for trials. Those of a finished study cost budget, which is asked about first.

        Where they wait for the next run, it is said how that is started.
        """
        snapshot = self._live.snapshot
        assert snapshot is not None
        over = snapshot.study.state is StudyState.FINISHED and not snapshot.edited
        if over and snapshot.runner_pid is None:
            self._ask_how(snapshot, name, said, many)
            return
        self._queue(name, said, many, how_queued_starts(snapshot.study, edited=snapshot.edited))

    def _queue(self, name: str, said: str, many: Sequence[Mapping[str, Any]], without: str) -> None:
        for args in many:
            self._requests.send(name, said, args, without=without)

    def _ask_how(
        self, snapshot: "Snapshot", name: str, said: str, many: Sequence[Mapping[str, Any]]
    ) -> None:
        """Ask whether what a finished study is asked for is to be paid for and run at once."""
        from hpo_tui.tui.screens.pickers import PickOne
        from hpo_tui.tui.words.queued import Bill

        bill = Bill.of(snapshot, [(name, args) for args in many])
        way = how_queued_starts(snapshot.study, edited=False, short=bill.short)

        def run(amount: float) -> None:
            work = partial(add_and_run, self._live.folder, name, many, amount)
            self._screen.app.clear_notifications()
            self._requests.in_thread(work, said)

        def chosen(how: str) -> None:
            if how == "run":
                run(bill.short or 0.0)
            elif how == "ask":
                self.ask_amount(run)
            else:
                self._queue(name, said, many, way)

        question = f"The study is finished. How is this to be run: {bill.what}?"
        PickOne(question, bill.choices).ask(self._screen.app, chosen)

    def ask_amount(self, taken: Callable[[float], None]) -> None:
        """Ask by how much the budget is to be increased; what is queued may say it."""
        from hpo_tui.engine.spec import BudgetUnit
        from hpo_tui.engine.spec.text.extend import amount_more
        from hpo_tui.tui.screens.dialogs import Ask
        from hpo_tui.tui.words.budgets import budget_text

        snapshot = self._live.snapshot
        assert snapshot is not None
        budget = snapshot.spec.budget

        def fault(text: str) -> str:
            try:
                amount_more(text, budget)
            except ValueError as error:
                return sentence(str(error))
            return ""

        detail, short = f"So far {budget_text(snapshot)}.", snapshot.short
        if budget.unit is BudgetUnit.FULL:
            detail += " A full trial costs 1."
        if short:
            detail += f" What is queued for the next run lacks {short:.10g}."
        known = f"{short:.10g}" if short else ""
        question = Ask("Increase the budget by how much?", known, detail, fault=fault)
        question.ask(self._screen.app, lambda text: taken(amount_more(text, budget)))

    def take_back(self, wishes: Sequence[Command]) -> None:
        """Ask which of what is queued is to be taken back, and do so."""
        folder = self._live.folder
        ask_back(
            self._screen.app, wishes,
            lambda ids: self._requests.in_thread(partial(unqueue, folder, ids), "take back"),
        )  # fmt: skip


def queued_of(snapshot: "Snapshot", trial: int | None) -> list[Command]:
    """Return what of a trial waits for the next run."""
    return [c for c in snapshot.queued if c.args.get("trial") == trial]


def ask_back(
    app: "App[Any]", wishes: Sequence[Command], taken: Callable[[frozenset[int]], None]
) -> None:
    """Ask which of the wishes that wait for a runner are to be taken back: all, or one of them."""
    from hpo_tui.tui.screens.dialogs import Confirm
    from hpo_tui.tui.screens.pickers import PickOne

    texts = {c.id: plain(wish_text(c.action, c.args)) for c in wishes}
    every = frozenset(texts)
    if len(texts) == 1:
        question = Confirm("Take back what is queued for the next run?", *texts.values())
        question.ask(app, lambda _: taken(every))
        return
    entries = [(every, f"all {len(texts)}"), *((frozenset([i]), t) for i, t in texts.items())]
    choice = PickOne("Take back which of what is queued for the next run?", entries)
    choice.ask(app, taken)
