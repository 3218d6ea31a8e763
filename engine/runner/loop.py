"""The runner's loop: ask, start, read, tell, account, obey."""

import contextlib
import logging
import select
import signal
import sqlite3
import time
from collections.abc import Callable
from types import FrameType

from hpo_tui.engine import stop_when
from hpo_tui.engine.answers import SPENT
from hpo_tui.engine.costs import left_in_units
from hpo_tui.engine.execution.breaker import Breaker
from hpo_tui.engine.runner.chores import Chores
from hpo_tui.engine.runner.clock import Clock
from hpo_tui.engine.runner.commands import Commands
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.ending import Endings
from hpo_tui.engine.runner.intake import Intake
from hpo_tui.engine.runner.lock import Lock, Unopenable
from hpo_tui.engine.runner.opened_file import OpenedFile
from hpo_tui.engine.runner.optimizer_news import OptimizerNews
from hpo_tui.engine.runner.starting import Starter
from hpo_tui.engine.runner.stopping import Audit
from hpo_tui.engine.runner.takeover import take_over
from hpo_tui.engine.runner.trouble import Trouble
from hpo_tui.engine.runner.vigil import Vigil
from hpo_tui.store.database_errors import explained
from hpo_tui.store.file_errors import in_words
from hpo_tui.store.models import StudyState

log = logging.getLogger("runner.loop")

_TICK = 0.05
"""Seconds between looks at report files and commands, when nothing else wakes the runner."""
_LAST_WORDS = 5.0
"""Seconds that the optimizer has at the end of a study to say what it has learned."""


class Runner:
    """Runs one study until its budget is spent, it is stopped, or this process is told to leave."""

    def __init__(self, desk: Desk, lock: Lock) -> None:
        self.desk, self.lock = desk, lock
        self.file = OpenedFile(desk.folder.db, file=desk.writer.file)
        self.intake = Intake(desk)
        self.breaker = Breaker(desk.spec.resources.failures)
        self.endings = Endings(desk, self.intake, self.breaker)
        self.starter = Starter(desk)
        self.audit = Audit(desk)
        self.commands = Commands(desk, self.breaker)
        self.news = OptimizerNews(desk, self.audit, self.commands.wishes)
        self.chores = Chores(desk, self.starter, self.audit)
        self.trouble = Trouble(desk)
        self.clock = Clock(desk)
        self.vigil = Vigil(desk.folder)
        self.leaving = False
        self.sent_away = False
        """Whether it leaves at the machine's word: by hand it is told by SIGINT."""

    def leave(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a handler's signature
        """Have the runner go and the trials stay: the next runner adopts them."""
        log.info("signal %d: leaving, the trials run on", number)
        self.leaving = True
        self.sent_away = number == signal.SIGTERM

    def run(self, begun: Callable[[], None] = lambda: None, stop: str | None = None) -> None:
        """Run to the end; ``begun`` is called once the study stands as one that runs.

        ``stop``: end what runs, with its ``grace`` period or by ``kill``. Raises Unopenable when
        the study cannot be written, or the machine refuses what it needs, at the very beginning.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.leave)
        try:
            self._begin()
            if stop is not None:
                with self.desk.transaction():
                    self.commands.study.stop(at_once=stop == "kill")
        except sqlite3.Error as error:
            db = self.desk.folder.db
            raise Unopenable(f"{db} cannot be written: {explained(error, db)}") from error
        except OSError as error:  # no more processes for this user, or no answer of the disk
            why = in_words(error)
            raise Unopenable(f"the study cannot be begun: {why}") from error
        begun()
        try:
            while not self.leaving:
                away = self.file.away
                if self.file.is_gone():
                    self._abandon()
                    break
                if self._is_away(away):
                    continue
                if not self.lock.keep():
                    log.error("runner.lock was deleted, and another runner has the study now")
                    break
                self._turn()
                if self._over() and not self._called_back():
                    break
        finally:
            self._close()

    def _abandon(self) -> None:
        """Have the trials end: nobody could ask for that any more."""
        log.error("%s was deleted, emptied or replaced: its trials end", self.desk.folder.db)
        for live in self.desk.live.values():
            live.process.stop()

    def _is_away(self, before: float | None) -> bool:
        """Return whether the folder is not there; if so, wait a little.

        Meanwhile a trial that ends cannot be told from one that is lost. ``before``: for how many
        seconds it was not there at the last look, which is reported once it is back.
        """
        path, away = self.desk.folder.path, self.file.away
        if away is not None:
            if before is None:
                log.warning("%s is not there: it is waited for", path)
            time.sleep(_TICK)
        elif before is not None:
            for live in self.desk.live.values():
                live.away = True
            with contextlib.suppress(sqlite3.Error):
                self.desk.event("strange", f"{path} was not there for {before:.0f} s, and is again")
        return away is not None

    def _begin(self) -> None:
        """Take over what an earlier runner left, then set the study going."""
        desk = self.desk
        take_over(desk)
        self.clock.settle()
        self.endings.check()
        desk.notices.collect()
        desk.proposals.start()

    def _turn(self) -> None:
        """One turn; trouble with the disk pauses the study instead of ending the runner.

        Raises OSError when the machine refuses something for long.
        """
        try:
            if self.trouble.active:
                if not self.trouble.over():
                    self.commands.heed_stop()
                    time.sleep(0.5)  # what has news, as an ended trial, would wake us all the time
                    return
                self.commands.obey()  # what was asked meanwhile, before anything is started
            self.trouble.tell_unlocked()
            self._work()
        except sqlite3.Error as error:
            self.trouble.begin(error)
            return
        except OSError as error:
            self.trouble.bear(error)
            return
        self.trouble.borne = 0
        if not self.endings.backlog:
            tick = _TICK if self.desk.live else 2 * _TICK
            self._wait(max(0.001, min(tick, self.starter.waits)))

    def _work(self) -> None:
        desk = self.desk
        self.clock.keep()  # before anything is concluded from the time
        self.news.take()
        self.endings.check()
        self.starter.fill()
        self.intake.poll(list(desk.live.values()))
        self.commands.obey()
        self.starter.fill()
        self._prepare()
        self.chores.run()
        desk.notices.send()
        if desk.spec.notify:
            self.vigil.keep()
        if desk.state is StudyState.RUNNING:
            self.trouble.refill()
        else:
            self.trouble.keep_told()

    def _prepare(self) -> None:
        """Keep a suggestion ready, or one for every free slot."""
        desk = self.desk
        if desk.state is not StudyState.RUNNING or self.starter.over_budget or desk.enough():
            return
        room = desk.executor.capacity() - len(desk.live) - len(desk.queue)
        desk.proposals.want(max(1, room), self._left)

    def _left(self) -> float | None:
        """Return what is left of a budget of time, in full-task units."""
        desk = self.desk
        return left_in_units(
            desk.spec, desk.trials.values(), desk.meter, wall=time.time() - desk.started,
            gpu=desk.gpu_time(),
        )  # fmt: skip

    def _wait(self, seconds: float) -> None:
        """Sleep until a process ends, the optimizer has news, or time is up."""
        poll = select.poll()
        for live in self.desk.live.values():
            descriptor = live.process.fileno()
            if descriptor is not None:
                poll.register(descriptor, select.POLLIN)
        descriptor = self.desk.proposals.fileno()
        if descriptor is not None:
            poll.register(descriptor, select.POLLIN)
        poll.poll(seconds * 1000)

    def _over(self) -> bool:
        """Whether nothing is left to do; the study's row then says so."""
        desk = self.desk
        if self.trouble.active or desk.live:
            return False
        if desk.state is StudyState.STOPPED:
            return True  # what waits in the queue is for the next run
        if desk.queue or desk.state is not StudyState.RUNNING or not self._all_spent():
            return False
        self.chores.check_budget()  # of time, what was left at the last request may be gone
        reason = self._why_over()  # the last words take back what the optimizer has said
        try:
            self._last_words()
            self.chores.last()
            if self.commands.obey():
                return False  # asked for in the meantime: it may be a larger budget
            with desk.transaction():
                desk.event("finished", reason or SPENT)
                desk.set_state(StudyState.FINISHED, "" if reason == SPENT else reason)
        except sqlite3.Error as error:
            self.trouble.begin(error)
            return False
        return True

    def _called_back(self) -> bool:
        """Stay while people are told of the end; whether the study goes on after all.

        Who asks for more in that time has no other runner to ask.
        """
        desk = self.desk
        while desk.notices.under_way() and not self.leaving:
            try:
                if self.commands.obey() and self._goes_on():
                    return True
            except sqlite3.Error:  # what is not answered is for the next runner
                log.exception("the last wishes could not be heard")
                return False
            time.sleep(_TICK)
        return False

    def _goes_on(self) -> bool:
        """Have a finished study go on if it was given more to do, or to think about."""
        desk = self.desk
        more = desk.queue or desk.queue.pending or desk.proposals.stale
        if desk.state is StudyState.FINISHED and more:
            with desk.transaction():
                desk.set_state(StudyState.RUNNING)
                desk.event("resumed", "it goes on: more was asked for as it ended")
        return desk.state is StudyState.RUNNING

    def _all_spent(self) -> bool:
        """Whether there is nothing more to suggest, no budget for it, or no need of it."""
        proposals = self.desk.proposals
        if proposals.stale or self.desk.queue.pending:
            return False
        if self.starter.over_budget:
            self.chores.check_budget()  # it may have been given more since the last look
        if self.starter.over_budget or self.desk.enough():
            return True
        return bool(proposals.shelf.exhausted and not proposals.shelf.ready)

    def _why_over(self) -> str:
        """Return why the study ends, empty where its budget is spent."""
        met = self.desk.enough()
        if met:
            return stop_when.why(met)
        return "" if self.starter.over_budget else self.desk.proposals.shelf.exhausted

    def _last_words(self) -> None:
        """Take in what the last results have taught the optimizer, if it says so soon."""
        proposals = self.desk.proposals
        proposals.tell("settle")
        deadline = time.monotonic() + _LAST_WORDS
        while proposals.fileno() is not None and time.monotonic() < deadline:
            self._wait(0.1)
            if self.news.take():
                return

    def _close(self) -> None:
        self.chores.warming.close()
        self.chores.code.close()
        self.desk.proposals.close()
        self.desk.executor.close()
        self.desk.notices.close(lambda: self.leaving)
        self.vigil.leave(sent_away=self.sent_away)
        self.desk.writer.close()
        self.file.close()
