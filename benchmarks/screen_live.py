"""A runner's part for the screen benchmarks: trials that end and start while somebody watches."""

import threading
import time
from pathlib import Path

from make_study import Maker

from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.models import StudyState, TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter


class Live(threading.Thread):
    """Writes ``rate`` trials a second to a study until it is told to stop."""

    def __init__(self, db: Path, rate: float) -> None:
        super().__init__(daemon=True)
        self.db = db
        self.rate = rate
        self.over = threading.Event()
        self.written = 0

    def run(self) -> None:
        """Write."""
        with StudyReader(self.db) as reader:
            text = reader.study().text
            frame = reader.frame()
        spec = StudySpec.from_text(text)
        last = int(frame.number[-1])
        writer = StudyWriter(self.db)
        writer.update_study(state=StudyState.RUNNING)
        made = Maker(spec, seed=7).trials(10_000, live=False)
        while not self.over.wait(1 / self.rate):
            last += 1
            trial = next(made)
            values = {f: getattr(trial, f) for f in trial.__dataclass_fields__}
            values.update(
                number=last, configuration=last, resumed_from=None, started=time.time(),
                ended=time.time() + 1,
            )  # fmt: skip
            if values["state"] is TrialState.RUNNING:
                continue
            writer.add_trial(type(trial)(**values))
            self.written += 1
        writer.close()

    def stop(self) -> None:
        """Stop writing."""
        self.over.set()
        self.join()
