"""Commands to the study as a whole: pause, resume, stop, a larger budget, an edit, a lent GPU."""

from collections.abc import Iterator
from contextlib import contextmanager

from hpo_tui.engine import stop_when
from hpo_tui.engine.answers import GOES_ON_LATER, PAUSED_BY_YOU, Refused
from hpo_tui.engine.execution.breaker import Breaker
from hpo_tui.engine.learning import kept_names, learn_fault
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.ending import tell_optimizer
from hpo_tui.engine.runner.granting import check_file, check_goes_on
from hpo_tui.engine.runner.lending import lend
from hpo_tui.engine.runner.live import Live, Stop
from hpo_tui.engine.runner.watching import collect_anew
from hpo_tui.engine.spec import SpecError, StudySpec
from hpo_tui.engine.spec.edit import plan_edit
from hpo_tui.engine.spec.names import plural
from hpo_tui.engine.spec.text.extend import extended
from hpo_tui.engine.spec.text.files import edited_by_hand, overtaken, replacing
from hpo_tui.engine.spec.units import show_budget
from hpo_tui.store.models import Command, StudyState, TrialState
from hpo_tui.store.read import StudyReader

STOPPED = "the study was stopped"
"""Why trials that a ``stop`` ended were killed; the next run takes them up again."""


class StudyCommands:
    """Each ``do_`` method carries out a command and returns its answer, or raises Refused."""

    def __init__(self, desk: Desk, breaker: Breaker) -> None:
        self.desk, self.breaker = desk, breaker

    def do_pause(self, command: Command) -> str:
        """Start nothing more; what runs goes on."""
        del command
        self._refuse_finished()
        if self.desk.state is StudyState.PAUSED:
            return "the study is paused already"
        check_goes_on(self.desk)
        self.desk.pause("paused", PAUSED_BY_YOU)
        count = len(self.desk.live)
        go_on = f"{plural(count, 'running trial')} {'goes' if count == 1 else 'go'} on"
        return f"paused: {go_on}, nothing new starts" if count else "paused: nothing new starts"

    def do_resume(self, command: Command) -> str:
        """Go on as the study's file is now: what a paused one ended on may be mended there."""
        del command
        if self.desk.state is StudyState.RUNNING:
            return f"the study runs already{self._by_hand()}"
        check_goes_on(self.desk, GOES_ON_LATER)
        edited = self._by_hand()
        self.breaker.succeeded()
        if self.desk.proposals.given_up:
            self.desk.proposals.revive()
        self.desk.set_state(StudyState.RUNNING)
        self.desk.event("resumed", "resumed")
        return f"resumed{edited}"

    def _by_hand(self) -> str:
        """Take over what was edited by hand in the study's file; return the answer to that."""
        text = edited_by_hand(self.desk.folder.file, self.desk.spec.text)
        if text is None:
            return ""
        try:
            return f"; edited by hand: {self._edit(text)}"
        except Refused as error:
            where = self.desk.folder.path
            said = f"what was edited by hand in {where} cannot be applied: {error}"
            raise Refused(said) from error

    def do_stop(self, command: Command) -> str:
        """End the study: trials get their grace period, or none (``kill``)."""
        self._refuse_finished()
        return self.stop(at_once=bool(command.args.get("kill", False)))

    def _refuse_finished(self) -> None:
        """Refuse what a study has no use for whose runner stays only to tell people of its end."""
        if self.desk.state is StudyState.FINISHED:
            raise Refused("the study is finished: nothing of it runs")

    def stop(self, *, at_once: bool) -> str:
        """End the study; return what becomes of its trials."""
        desk = self.desk
        desk.set_state(StudyState.STOPPED, "stopped by you")
        desk.event("stopped", "the study is stopped")
        for live in desk.live.values():
            self.end(live, at_once=at_once)
        # They leave the queue because they wait no more: if this cannot be stored, they do again.
        for trial in list(desk.queue.in_turn()):
            ended = desk.update(trial.number, state=TrialState.KILLED, reason=STOPPED)
            tell_optimizer(desk, ended, "killed")
        if not desk.live:
            return "stopped"
        how = "at once" if at_once else f"within {desk.spec.resources.grace:g} s"
        count = len(desk.live)
        return f"stopped: {plural(count, 'running trial')} {'ends' if count == 1 else 'end'} {how}"

    def end(self, live: Live, *, at_once: bool) -> None:
        """End a trial because the study is stopped; the next run continues it."""
        self.desk.end(live, Stop("study", STOPPED), at_once=at_once)

    def do_extend(self, command: Command) -> str:
        """Raise (or lower) the budget by ``amount``, in its unit."""
        desk = self.desk
        check_file(self.desk)
        met = bool(desk.enough())
        spec = extended(desk.spec, float(command.args["amount"]))
        self._take_over(spec)
        said = f"the budget is {show_budget(spec.budget)} now"
        if met:
            desk.past_goals = stop_when.goals_mark(spec)
            desk.writer.put(stop_when.KEY, desk.past_goals)
            said += stop_when.GOES_ON
        desk.event("edited", said)
        return said

    def do_edit(self, command: Command) -> str:
        """Take over an edited study file, unless another edit was made since it was begun."""
        check_file(self.desk, command.args.get("file"))
        text, base = str(command.args["text"]), command.args.get("base")
        refusal = overtaken(self.desk.spec.text, text, base)
        if refusal:
            raise Refused(refusal)
        return self._edit(text)

    def _edit(self, text: str) -> str:
        """Take over an edited study file; return what has changed. Raises :class:`Refused`."""
        desk = self.desk
        try:
            new = StudySpec.from_text(text, desk.folder.file)
        except SpecError as error:
            raise Refused(str(error)) from error
        plan = plan_edit(desk.spec, new, list(desk.trials.values()))
        if not plan.allowed:
            raise Refused("; ".join(p.show() for p in plan.refused))
        with StudyReader(desk.folder.db) as reader:
            fault = learn_fault(new, desk.folder.workplace, kept_names(reader))
        if fault:
            raise Refused(fault)
        changes = [c.text for c in plan.changes]
        desk.writer.declare((p.name for p in new.space), new.kept_metrics)
        desk.event("edited", "; ".join(changes) or "the study file was edited")
        added = set(new.kept_metrics) - set(desk.spec.kept_metrics)
        if new.metrics != desk.spec.metrics:  # as where a name that nobody had heard is put right
            heard = {name for live in desk.live.values() for name in live.result}
            added |= set(new.kept_metrics) - heard
        later = self._take_over(new)
        collect_anew(desk, added)
        changes = changes or ["nothing that matters has changed"]
        return "; ".join([*changes, later] if later else changes)

    def _take_over(self, spec: StudySpec) -> str:
        """Go on by another definition, here, in the store and in its file; return what waits."""
        with self.desk.transaction():
            self.desk.around(replacing(self.desk.folder.file, spec.text))
            self.desk.around(self._unless_it_fails())
            self.desk.writer.update_study(text=spec.text)
            return self._go_by(spec)

    def _go_by(self, spec: StudySpec) -> str:
        """Go on here by a definition; return what of it waits for the next run, in words."""
        desk, before = self.desk, self.desk.spec.resources
        desk.spec = desk.meter.spec = spec
        desk.proposals.init["text"] = spec.text
        desk.proposals.stale = True  # how much there is to spend shapes the start of a study too
        if spec.resources == before:
            return ""
        self.breaker.limit = spec.resources.failures
        later = desk.executor.adapt(spec.resources)
        desk.proposals.init["workers"] = max(1, desk.executor.capacity())
        return later

    @contextmanager
    def _unless_it_fails(self) -> Iterator[None]:
        """Go back to the present definition if the next one cannot be stored."""
        spec, past = self.desk.spec, self.desk.past_goals
        try:
            yield
        except BaseException:
            self._go_by(spec)
            self.desk.past_goals = past
            raise

    def do_lend(self, command: Command) -> str:
        """Give a device away (its trials leave at their next checkpoint), or take it back."""
        return lend(self.desk, str(command.args["device"]), bool(command.args["on"]))
