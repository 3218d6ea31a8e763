"""The events say from where an attempt goes on: the beginning, its own checkpoint, another's."""

from typing import Any

import pytest
from asking import TASKS

from hpo_tui.engine.launch import start_runner
from hpo_tui.tui.charts.attempts import attempts_of


@pytest.mark.parametrize(
    ("saved", "said"),
    [(True, "from its own checkpoint (it had reported step 1)"), (False, "from the beginning")],
)
def test_a_later_attempt_says_what_is_left_of_the_one_before(
    make_study: Any, saved: bool, said: str
) -> None:
    study = make_study(f"""
        if {saved}: open(os.environ["HPO_CHECKPOINT"] + "/c", "w").write("1")
        report(step=1, accuracy=0.5)
        if given["trial"] == 2 and given["attempt"] == 1:
            time.sleep(0.6)
            os.kill(os.getpid(), signal.SIGKILL)
        """, budget=3)  # fmt: skip
    study.run()
    starts = [e for e in study.events("started") if e.trial == 2]
    assert [e.text for e in starts] == [
        "trial 2 starts at full on cpu:0",
        f"trial 2 starts again (attempt 2) at full {said} on cpu:0",
    ]
    assert [a.device for a in attempts_of(starts)[2]] == ["cpu:0", "cpu:0"]


def test_a_promotion_says_whose_checkpoint_it_carries_on(make_study: Any) -> None:
    study = make_study("""
        open(os.environ["HPO_CHECKPOINT"] + "/c", "w").write("1")
        report(step=1, accuracy=given["params"]["x"])
        """, budget=4, tasks=TASKS)  # fmt: skip
    start_runner(study.folder)
    study.gone()
    event = study.events("promoted")[0]
    source = study.trial(event.trial).resumed_from
    assert f" from the checkpoint of trial {source} on cpu:" in event.text
