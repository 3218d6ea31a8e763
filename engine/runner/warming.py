"""Advising ``warm`` once, where short trials spend a good part of their time on imports.

How much is measured, by the very process that would start them warm: where that cannot be done, as
a library starts threads when it is imported, there is nothing to advise.
"""

import os
import signal
import time
from contextlib import suppress

from hpo_tui.engine.define.script import script_of
from hpo_tui.engine.define.sources.texts import imported_names, local_sources, module_file
from hpo_tui.engine.execution.local import LocalExecutor
from hpo_tui.engine.execution.warm import WarmServer, WarmStarts, split_python
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.spec.units import show_duration
from hpo_tui.store.models import Trial, TrialState

_KEY = "warm:measured"
"""Under which key the store keeps what was measured, [seconds, problem]: once for each study."""
_SHORT = 60.0
"""Seconds that a trial may take for its imports to matter."""
_SHARE = 0.2
"""Part of a trial's time from which on its imports matter."""
_MOST = 0.7
"""Part of a trial's time that is called most of it."""
_LEAST = 0.4
"""Seconds of imports that are worth a word."""
_HEAVY = frozenset({
    "accelerate", "catboost", "cv2", "datasets", "diffusers", "flax", "gensim", "jax", "keras",
    "librosa", "lightgbm", "lightning", "matplotlib", "numba", "pandas", "pytorch_lightning",
    "scipy", "seaborn", "sklearn", "spacy", "statsmodels", "tensorflow", "timm", "torch",
    "torchaudio", "torchvision", "transformers", "ultralytics", "xgboost",
})  # fmt: skip
"""Libraries that take long to be imported; any other is left alone."""


class Warming:
    """Looks at the first trial that completes, measures its script's imports, says what it saw."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.over = False
        """Whether there is nothing more to do."""
        self._names: tuple[str, ...] = ()
        self._first: Trial | None = None
        self._server: WarmServer | None = None
        self._begun = 0.0

    def look(self) -> None:
        """Take the next step, if there is one."""
        if self.over:
            return
        if self._server is not None:
            self._wait(self._server)
            return
        if self.desk.spec.warm or not isinstance(self.desk.executor, LocalExecutor):
            self.over = True
            return
        complete = (t for t in self.desk.trials.values() if t.state is TrialState.COMPLETE)
        first = next(complete, None)
        if first is not None:
            self._begin(self.desk.executor, first)

    def close(self) -> None:
        """End the process that imports."""
        self.over = True
        if self._server is not None:
            with suppress(ProcessLookupError):
                if self._server.pid is not None:
                    os.kill(self._server.pid, signal.SIGKILL)  # there is nothing to wait for
            self._server.stop()
            self._server = None

    def _begin(self, executor: LocalExecutor, first: Trial) -> None:
        """Start the process that imports, where that may lead to advice."""
        desk = self.desk
        self._names = () if desk.kept(_KEY) else self._libraries()
        seconds = first.duration or 0.0
        if not self._names or not _LEAST < seconds <= _SHORT or first.attempt != 1:
            self.over = True
            return
        desk.writer.put(_KEY, [None, ""])
        environment = executor.pool.thread_environment() | dict(desk.spec.env)
        command, cwd = desk.spec.command, desk.folder.workplace
        self._first, self._begun = first, time.monotonic()
        self._server = WarmStarts(self._names, command, cwd, environment).server
        self.over = self._server is None

    def _libraries(self) -> tuple[str, ...]:
        """Return the heavy libraries that the script, or a module beside it, imports."""
        command, cwd = self.desk.spec.command, self.desk.folder.workplace
        script = script_of(command, cwd) if split_python(command) else None
        if script is None:
            return ()
        found = dict.fromkeys(n for t in local_sources(script, cwd) for n in imported_names(t))
        own = {n for n in found if module_file(n, cwd) or module_file(n, script.parent)}
        return tuple(n for n in found if n in _HEAVY - own)

    def _wait(self, server: WarmServer) -> None:
        """See whether the imports are done by now; then say what they take."""
        ready, gone = server.ready(), time.monotonic() - self._begun
        if not ready and not server.problem and gone < _SHORT:
            return
        with self.desk.transaction(durable=False):
            self.desk.writer.put(_KEY, [gone, server.problem])
            if ready:
                self._advise(gone)
        self.close()

    def _advise(self, gone: float) -> None:
        assert self._first is not None
        took = self._first.duration or 0.0
        if gone < max(_LEAST, _SHARE * took):
            return
        names = ", ".join(f'"{n}"' for n in self._names)
        # Both are measured on a busy machine: a part alone may take as long as the whole did.
        part = "most" if gone > _MOST * took else f"about {_brief(gone)}"
        text = (
            f"trial {self._first.number} took {_brief(took)}, {part} of it to import"
            f" {' and '.join(self._names)}: warm = [{names}] under [study]"
            " spares each trial this, from the next run on"
        )
        self.desk.event("advice", text, self._first.number)


def _brief(seconds: float) -> str:
    return show_duration(round(seconds, 1) if seconds < 10 else round(seconds))
