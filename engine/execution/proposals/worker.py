"""What the optimizer's own process does with a request: ask the optimizer, or teach it."""

import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from hpo_tui.engine.execution.proposals.insights import Insights
from hpo_tui.engine.execution.proposals.pace import Haste, Pace
from hpo_tui.engine.execution.proposals.past import earlier_studies, past_trials
from hpo_tui.engine.execution.proposals.wire import Message, encode
from hpo_tui.engine.kept_keys import FITTED
from hpo_tui.engine.learning import kept
from hpo_tui.engine.optimizer.api import PastTrial, Suggestion
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.read import StudyReader

log = logging.getLogger("proposals")


class Refused(Exception):  # noqa: N818 - an answer to the user, not an error of ours
    """What was asked cannot be done; the sentence says why."""


class _Never(Exception):  # noqa: N818 - stands for one
    """Stands for the end of the budget until the optimizer's own word for it is known."""


class Worker:
    """Answers requests with an optimizer; ``clock``: monotonic seconds."""

    def __init__(self, out: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.out, self._clock = out, clock
        self.optimizer: Any = None
        self.spent_error: type[Exception] = _Never
        self.ended: set[int] = set()
        """Trials whose end the optimizer knows: it is told of each once."""
        self.steps: dict[int, int] = {}
        """Trial → the last step of which the optimizer has a report."""
        self.offered: list[int] = []
        """Suggestions given out ahead that nobody has started yet."""
        self.workers = 1
        """How many trials run at once."""
        self.insights = Insights(self.send, self._eta, clock)
        self._pace, self._haste = Pace(), Haste()
        self._init: Message | None = None
        """What to begin with, as long as that could not be done."""

    def send(self, message: Message) -> None:
        """Write a reply."""
        data = encode(message)
        while data:
            data = data[os.write(self.out, data) :]

    def handle(self, message: Message) -> None:
        """Do what a request says; what goes wrong is logged and answered."""
        operation: Callable[[Message], None] = getattr(self, f"do_{message['op']}")
        try:
            if self._init is not None and message["op"] != "init":
                if "id" not in message:
                    return  # nobody waits for an answer, and the store holds what it says
                self.do_init(self._init)  # what could not be read then may be there by now
            operation(message)
        except self.spent_error as error:
            self.send({"op": "spent", "id": message.get("id"), "text": str(error)})
        except Refused as error:
            self._refuse(message, str(error))
        except (ValueError, LookupError) as error:
            log.exception("refused: %s", message["op"])
            self._refuse(message, str(error.args[0]) if error.args else type(error).__name__)

    def _refuse(self, message: Message, text: str) -> None:
        self.send({"op": "refused", "id": message.get("id"), "text": text})

    def do_init(self, message: Message) -> None:
        """Make the optimizer and teach it what the store holds."""
        self._init = message
        module, _, name = message["optimizer"].partition(":")
        home = import_module(module)
        self.spent_error = home.BudgetSpent
        source = Path(message["source"]) if message["source"] else None
        spec = StudySpec.from_text(message["text"], source)
        self.workers = int(message["workers"])
        make = getattr(home, name)
        with StudyReader(Path(message["db"])) as reader:
            past = past_trials(reader, spec, StudyFolder(Path(message["db"]).parent))
            state, keep = reader.get(FITTED), kept(reader)
        earlier, taken, misfits = earlier_studies(spec, keep)
        also = {"earlier": earlier} if earlier else {}
        self.optimizer = make(spec, message["seed"], state=state, **also)
        self.optimizer.restore(past)
        self.insights.learns = bool(earlier)
        for trial in past:
            if trial.state not in ("running", "waiting"):
                self.ended.add(trial.number)
            if trial.reports:
                self.steps[trial.number] = trial.reports[-1][0]
        self._init = None
        if past or earlier:
            self.insights.news()
        self.send({"op": "ready"})
        if taken != keep:
            self.send({"op": "learned", "earlier": taken, "misfits": misfits})

    def do_ask(self, message: Message) -> None:
        """Suggest what to run next."""
        self._hurry()
        found = self.ask(message["left"])
        self.offered.append(found["number"])
        ahead = self._haste.ahead
        self.send({
            "op": "suggestions", "id": message["id"], "suggestions": [found], "ahead": ahead,
        })  # fmt: skip

    def _hurry(self) -> None:
        """Have suggestions share looks where trials end faster than looks are made."""
        if not hasattr(self.optimizer, "share"):
            return  # another one than ours
        self._haste = self._pace.haste(self.workers, len(self.ended))
        self.optimizer.share(self._haste.several)

    def ask(self, left: float | None = None) -> dict[str, Any]:
        """Return the next suggestion as JSON."""
        began = self._clock()
        suggestion = self.optimizer.ask(left)
        looked = getattr(self.optimizer, "looked", True)
        self._pace.made(self._clock() - began, looked=looked)
        return asdict(suggestion)

    def do_started(self, message: Message) -> None:
        """Learn that a suggestion runs."""
        if message["number"] in self.offered:
            self.offered.remove(message["number"])

    def do_withdraw(self, message: Message) -> None:  # noqa: ARG002 - it says nothing more
        """Forget what was suggested and not started: it did not know what is known now."""
        for number in reversed(self.offered):
            self.optimizer.withdraw(number)
        self.offered.clear()

    def do_keep(self, message: Message) -> None:
        """Learn that a suggestion runs that was withdrawn: there was no time for another one."""
        self.do_withdraw(message)
        s = Suggestion(**message["suggestion"])
        past = PastTrial(
            s.number, s.configuration, s.params, s.task, "running", {}, s.cost, s.resume_from,
            repeat=s.repeat,
        )  # fmt: skip
        self.optimizer.restore([past])

    def do_enqueue(self, message: Message) -> None:
        """Have a configuration run that the user gives, and return its suggestion."""
        self.optimizer.enqueue(
            message["params"], task=message["task"], promote=message["promote"], why=message["why"]
        )
        self.answer(message, lambda s: _asked_for(s, message), 1)

    def do_confirm(self, message: Message) -> None:
        """Have a trial run again with other seeds, and return the suggestions."""
        self.optimizer.confirm(message["number"], message["repeats"])
        self.answer(message, lambda s: bool(s["repeat"]), message["repeats"])

    def answer(
        self, message: Message, wanted: Callable[[dict[str, Any]], bool], count: int
    ) -> None:
        """Ask until ``count`` suggestions are those that the user wanted, and send these.

        What is asked for goes first, so anything else shows that the budget does not pay for it.
        """
        found: list[dict[str, Any]] = []
        while len(found) < count:
            try:
                suggestion = self.ask()
            except self.spent_error as error:
                if not found:
                    raise Refused(f"the budget does not allow it: {error}") from error
                break
            if not wanted(suggestion):
                self.optimizer.withdraw(suggestion["number"])
                break
            found.append(suggestion)
        if not found:
            raise Refused("what is left of the budget does not pay for it: extend the budget first")
        self.send({"op": "suggestions", "id": message["id"], "suggestions": found})

    def do_tell(self, message: Message) -> None:
        """Learn a result."""
        if self.first(message):
            self._pace.ran(message["duration"])
            self.optimizer.tell(message["number"], message["metrics"], duration=message["duration"])

    def do_fail(self, message: Message) -> None:
        """Learn a failure that the parameters caused."""
        if self.first(message):
            self.optimizer.fail(message["number"], message["reason"], charged=message["charged"])

    def do_drop(self, message: Message) -> None:
        """Learn that a trial ended for no fault of its own."""
        if self.first(message):
            self.optimizer.drop(message["number"], charged=message["charged"])

    def do_bare(self, message: Message) -> None:
        """Learn of trials that nothing can resume."""
        for number in message["numbers"]:
            self.optimizer.no_checkpoint(number)

    def do_price(self, message: Message) -> None:
        """Learn that a trial under way will cost something else than was foreseen."""
        if int(message["number"]) not in self.ended:
            self.optimizer.reprice(message["number"], message["cost"])

    def do_prune(self, message: Message) -> None:
        """Learn that a trial was stopped early."""
        if self.first(message):
            self.optimizer.prune(message["number"], message["metrics"], charged=message["charged"])

    def first(self, message: Message) -> bool:
        """Whether a trial's end is news: what the store held at the start is known already."""
        number = int(message["number"])
        news = number not in self.ended
        self.ended.add(number)
        self.insights.news()
        return news

    def do_reports(self, message: Message) -> None:
        """Take a running trial's reports, and say whether it should go on."""
        number = int(message["number"])
        if number in self.ended:
            return
        news = False
        for step, metrics in message["reports"]:
            if step > self.steps.get(number, -1):
                self.steps[number] = step
                self.optimizer.report(number, step, metrics)
                news = True
        if news and message["judge"]:
            decision = self.optimizer.should_stop(number)
            if decision.stop:
                self.send({"op": "stop", "number": number, "text": decision.text,
                           "chance": decision.chance})  # fmt: skip

    def do_extend(self, message: Message) -> None:
        """Take a larger (or smaller) budget into account."""
        self.optimizer.extend_budget(message["amount"])
        self.insights.news()

    def do_settle(self, message: Message) -> None:  # noqa: ARG002 - it says nothing more
        """Tell what the study has shown in the end."""
        self.insights.send(self.optimizer, last=True)

    def _eta(self) -> float | None:
        """Return the seconds to the end of the budget; None where they are not known."""
        foretold = self.optimizer.eta(self.workers)
        return None if foretold is None else foretold * self._pace.stretch(self.workers)


def _asked_for(suggestion: Mapping[str, Any], message: Message) -> bool:
    """Whether a suggestion is the wish, by its words or (another optimizer's) by its values."""
    if suggestion["why"].get("text") == message["why"]:
        return True
    if message["task"] is not None and suggestion["task"] != message["task"]:
        return False
    params = suggestion["params"]
    return all(k not in params or params[k] == v for k, v in message["params"].items())
