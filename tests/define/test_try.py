import dataclasses
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hpo_tui.engine.define.first_run import times
from hpo_tui.engine.define.preview import advise, buys, preview, unguarded
from hpo_tui.engine.define.process import Ran, run_briefly
from hpo_tui.engine.define.sources.texts import local_sources
from hpo_tui.engine.define.start import init, words_of
from hpo_tui.engine.define.try_one import Tried, startup, try_one
from hpo_tui.engine.execution.processes import Process
from hpo_tui.engine.spec import StudySpec

TEXT = """\
[study]
name = "tried"
command = {command}
budget = 20
resume = true
[space.lr]
type = "float"
low = 0.0001
high = 1
[space.opt]
type = "categorical"
choices = ["sgd", "adam"]
[space.momentum]
type = "float"
low = 0
high = 0.9
when = {{ opt = ["sgd"] }}
[[objective]]
metric = "loss"
direction = "minimize"
[[task]]
name = "short"
epochs = 2
cost = 0.25
[[task]]
name = "full"
epochs = 8
cost = 1
"""


def study(code: str, *more: str) -> StudySpec:
    words = [sys.executable, "-c", code.replace("{", "{{").replace("}", "}}"), *more]
    quoted = "[" + ", ".join("'''" + w + "'''" for w in words) + "]"
    return StudySpec.from_text(TEXT.format(command=quoted))


def test_one_run_at_the_cheapest_task(tmp_path: Path) -> None:
    code = (
        "import sys, os, json\nfor e in range(int(sys.argv[2])):\n print('epoch', e, 'loss', 1 "
        "/ (e + 1))\n"
        "print('lr', json.load(open(os.environ['HPO_PARAMS']))['params']['lr'])"
    )
    code += "\nprint('seed', json.load(open(os.environ['HPO_PARAMS']))['seed'] == "
    code += "int(os.environ['HPO_SEED']) == 7)"
    spec = dataclasses.replace(study(code, "{lr}", "{epochs}"), seed=7)
    tried = try_one(spec, tmp_path)
    assert tried.code == 0
    assert tried.task.name == "short"
    assert tried.metrics == {"loss": 0.5}
    assert tried.seen["loss"] == (1.0, 0.5)
    assert len(tried.lines) == 4
    assert tried.lines[-1] == "seed True"
    assert "exit code 0" in tried.text()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("line", "from_zero"),
    [
        ("Epoch {0}/8 val_acc 0.5", False),
        ("[{0}]\tvalidation-auc:0.91234", True),
        ("{0}:\ttest: 0.98 best: 0.98 (0)\ttotal: 12ms", True),
        ("      {0}        \x1b[36m0.2198\x1b[0m       0.9278", False),
        ("{{'loss': '0.69', 'epoch': '0.{0}'}}", False),
    ],
)
def test_the_time_before_training_is_told_apart(line: str, *, from_zero: bool) -> None:
    begin = 0 if from_zero else 1
    told = ["Namespace(epochs=8, lr=0.1)", *(line.format(begin + n) for n in range(5))]
    ran = Ran(tuple(told), (1.0, *(10.0 + n for n in range(1, 6))), 15.0, 0)
    assert startup(ran) == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("begun", "short", "full"),
    [(0.5, "took 25s", "would take about 1m 38s"),
     (10.0, "took 25s, 0.36 of the full task", "would take about 1m 10s")],
)  # fmt: skip
def test_what_a_task_takes_is_told_as_a_share_where_starting_takes_long(
    begun: float, short: str, full: str
) -> None:
    spec = study("pass")
    tried = Tried((), spec.tasks[0], {}, {}, 25.0, 0, (), startup=begun)
    said = times(spec, tried)
    assert (said["task", 0, "cost"], said["task", 1, "cost"]) == (short, full)


def test_reports_by_the_file_count(tmp_path: Path) -> None:
    line = '{"step": 1, "loss": 0.25}'
    code = f"import os\nopen(os.environ['HPO_REPORTS'], 'a').write('{line}\\nbad\\n')"
    assert try_one(study(code), tmp_path).metrics == {"loss": 0.25}


def test_reports_mean_in_a_first_run_what_they_mean_in_a_study(tmp_path: Path) -> None:
    line = '{"step": 1, "loss": true, "time": NaN}'
    code = f"import os\nopen(os.environ['HPO_REPORTS'], 'a').write('{line}\\n')"
    tried = try_one(study(code), tmp_path)
    assert tried.metrics == {"loss": 1.0}


def test_a_failure_is_told_with_its_last_lines(tmp_path: Path) -> None:
    tried = try_one(study("print('\\x1b[31mred'); raise SystemExit(3)"), tmp_path)
    assert tried.code == 3
    assert "\x1b" not in tried.text()
    assert "exit code 3" in tried.text()
    assert "none was found" in tried.text()


def test_a_command_that_is_not_there(tmp_path: Path) -> None:
    tried = try_one(StudySpec.from_text(TEXT.format(command='"./nothing {lr}"')), tmp_path)
    assert tried.code is None
    assert "No such file" in tried.why


def test_a_run_ends_when_its_time_is_up(tmp_path: Path) -> None:
    begin = time.monotonic()
    spec = study("import time\nprint('up', flush=True)\ntime.sleep(600)")
    tried = try_one(spec, tmp_path, limit=1.0)
    assert time.monotonic() - begin < 30
    assert tried.code is None
    assert tried.why == "it was stopped after 1 s"


def test_one_that_ignores_sigterm_is_ended_too(tmp_path: Path) -> None:
    code = "import signal, time\nsignal.signal(15, signal.SIG_IGN)\n"
    code += "print('up', flush=True)\ntime.sleep(600)"
    ran = run_briefly([sys.executable, "-c", code], tmp_path, 1.0, {})
    assert ran.code is None
    assert ran.lines == ("up",)


def test_what_left_the_group_is_ended_too(tmp_path: Path) -> None:
    stray = "import signal, time; signal.signal(15, 1); print('up', flush=True); time.sleep(600)"
    code = f"""
import subprocess, sys
stray = subprocess.Popen([sys.executable, "-c", {stray!r}], start_new_session=True,
                         stdout=subprocess.PIPE)
stray.stdout.readline()
print(stray.pid)
"""
    ran = run_briefly([sys.executable, "-c", code], tmp_path, 60.0, {})
    assert ran.code == 0
    assert Process.of(int(ran.lines[0])) is None


def test_a_flood_of_output_is_bounded(tmp_path: Path) -> None:
    code = "print('x' * 10**6)\nfor i in range(60000): print(i)\nprint('accuracy: 0.75')"
    ran = run_briefly([sys.executable, "-c", code], tmp_path, 60.0, {})
    assert ran.code == 0
    assert len(ran.lines) == len(ran.times) <= 20_000
    assert max(map(len, ran.lines)) <= 4000
    assert ran.lines[1] == "0"
    assert ran.lines[-2:] == ("59999", "accuracy: 0.75")  # the result stands at the end


def test_preview() -> None:
    shown = preview(
        StudySpec.from_text(TEXT.format(command='"p --lr {lr} --momentum {momentum}"')), 5
    )
    assert len(shown.configurations) == 5
    assert [name for name, _ in shown.commands] == ["short", "full"]
    assert shown.commands[0][1].startswith("p --lr ")
    assert '20 runs of "full"' in shown.budget[0]
    assert "80 runs" in shown.budget[1]
    said = " ".join(shown.advice)
    assert '"opt" is not in the command' in said
    assert 'the fidelity "epochs" is not in the command' in said
    assert "log = true" in said
    assert shown.text().count("\n") > 10


def test_a_budget_of_one_is_not_spoken_of_as_several() -> None:
    text = TEXT.format(command='"p --lr {lr}"')
    budget = next(line for line in text.splitlines() if line.startswith("budget"))
    one = preview(StudySpec.from_text(text.replace(budget, "budget = 1"))).budget
    assert 'enough for 1 run of "full"' in one[0]
    trial = preview(StudySpec.from_text(text.replace(budget, 'budget = "1 trial"'))).budget
    assert trial == ("The budget is 1 trial, of whatever task.",)


@pytest.mark.parametrize(
    ("name", "text", "asks"),
    [
        ("train.sh", "python train.py", False),
        ("train.sh", "jq .params.lr $HPO_PARAMS", True),
        ("train.py", "import helper", False),
        ("train.py", "from hpo_tui import trial", True),
        ("elsewhere.py", "", True),
    ],
)
def test_a_parameter_that_reaches_nobody_is_told(
    tmp_path: Path, name: str, text: str, asks: bool
) -> None:
    (tmp_path / name.replace("elsewhere", "other")).write_text(text, "utf-8")
    file = tmp_path / "study.toml"
    file.write_text(TEXT.format(command=f'"run {name}"'), "utf-8")
    said = [a for a in advise(StudySpec.load(file)) if "is not in the command" in a]
    assert bool(said) is not asks
    file.write_text(TEXT.format(command=f'"run {name} {{params_file}}"'), "utf-8")
    assert not [a for a in advise(StudySpec.load(file)) if "is not in the command" in a]


@pytest.mark.parametrize("limit", ['stall = "1h"', 'timeout = "1h"'])
def test_what_ends_a_trial_that_hangs_is_advised_where_nothing_does(limit: str) -> None:
    text = TEXT.format(command='"p {lr}"')
    assert 'stall = "1h" ends one' in unguarded(StudySpec.from_text(text))
    assert not unguarded(StudySpec.from_text(f"{text}\n[resources]\n{limit}\n"))


def test_preview_of_what_cannot_be_drawn() -> None:
    text = TEXT.format(command='"p {lr} {opt} {momentum} {epochs}"').replace(
        "resume = true", 'resume = true\nconstraints = ["lr > 2"]'
    )
    shown = preview(StudySpec.from_text(text))
    assert shown.configurations == ()
    assert "lr > 2" in shown.advice[0]


def test_the_budget_in_time() -> None:
    spec = StudySpec.from_text(TEXT.format(command='"p {lr}"'))
    assert buys(spec, 90)[-1] == "In time: about 30m."


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys, hpo_tui.engine.define.start, hpo_tui.engine.define.preview\n"
        "heavy = {'torch', 'optuna', 'textual', 'pandas', 'yaml', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize(
    ("command", "source", "said"),
    [
        ("python train.py {lr} --resume {resume}", "import torch", "{checkpoint} is not"),
        ("python train.py {lr} --resume {resume}", "trial.checkpoint", ""),
        ("python train.py {lr} --resume {resume} --save {checkpoint}", "import torch", ""),
        (
            "python train.py {lr} --resume {resume} --to {trial_dir}",
            "import torch",
            "{checkpoint} is",
        ),
        ("python train.py {lr} --resume {resume} --to {trial_dir}/checkpoint", "import torch", ""),
        ("python train.py {lr}", "import torch", ""),
    ],
)
def test_a_checkpoint_that_no_promotion_would_find_is_told(
    tmp_path: Path, command: str, source: str, said: str
) -> None:
    (tmp_path / "train.py").write_text(source, "utf-8")
    file = tmp_path / "study.toml"
    text = TEXT.format(command=f'"{command}"')
    file.write_text(text, "utf-8")
    told = [a for a in advise(StudySpec.load(file)) if a.startswith("{resume}")]
    assert [said in a for a in told] == ([True] if said else [])
    file.write_text(text.replace("resume = true", ""), "utf-8")
    told = [a for a in advise(StudySpec.load(file)) if a.startswith("{resume}")]
    assert ["resume = true" in a for a in told] == ([True] if "{resume}" in command else [])


@pytest.mark.parametrize(
    ("more", "source", "told"),
    [
        ("", "import wandb", True),
        ("", "import wandb, os; wandb.init(dir=os.environ['HPO_TRIAL_DIR'])", False),
        ('[env]\nWANDB_DIR = "{trial_dir}"\n', "import wandb", False),
    ],
)
def test_runs_of_wandb_that_nobody_would_find_are_told(
    tmp_path: Path, more: str, source: str, told: bool
) -> None:
    (tmp_path / "train.py").write_text(source, "utf-8")
    file = tmp_path / "study.toml"
    text = TEXT.format(command='"python train.py {lr}"')
    file.write_text(f'{text}\n[[metrics]]\nkind = "wandb"\n{more}', "utf-8")
    said = [a for a in advise(StudySpec.load(file)) if "W&B's runs are read in" in a]
    assert bool(said) is told
    file.write_text(text, "utf-8")
    assert not any("W&B" in a for a in advise(StudySpec.load(file)))


def test_a_seed_in_a_template_is_enough_for_repeats() -> None:
    text = TEXT.format(command='"p {lr} {opt} {momentum} {epochs}"')
    text = text.replace("[study]\n", "[study]\nrepeats = 3\n")
    assert any("another seed" in a for a in advise(StudySpec.from_text(text)))
    text = text.replace("[study]\n", '[study]\ntemplate = ["a.template.yaml", "a.yaml"]\n')
    assert not any("another seed" in a for a in advise(StudySpec.from_text(text)))


def test_what_a_long_progress_bar_says_in_the_end_is_read(tmp_path: Path) -> None:
    code = """
import time
for n in range(1000):
    print(end=f"\\r{n / 10:.1f}% {'#' * 40} loss={1000 - n}", flush=True)
    if n == 500:
        time.sleep(0.2)
print("\\rdone val_accuracy=0.75")
"""
    ran = run_briefly([sys.executable, "-c", code], tmp_path, 60.0, {})
    assert len(ran.lines) == len(ran.times) == 1001
    assert ran.lines[-1] == "done val_accuracy=0.75"
    assert ran.times[500] - ran.times[499] > 0.1  # each has its own time
    assert try_one(study(code), tmp_path).seen["val_accuracy"] == (0.75,)


def test_a_template_may_be_filled_into_a_folder_of_the_trial(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("lr: {lr}\n")
    text = TEXT.format(command='"cat {trial_dir}/conf/run.yaml"')
    text = text.replace("budget", 'template = ["run.yaml", "conf/run.yaml"]\nbudget')
    tried = try_one(StudySpec.from_text(text), tmp_path)
    assert (tried.why, tried.code) == ("", 0)
    assert tried.lines[0].startswith("lr: ")


def test_a_command_may_be_longer_than_any_name_of_a_file(tmp_path: Path) -> None:
    assert words_of(f"echo {'x' * 5000}", tmp_path) == ("echo", "x" * 5000)
    with pytest.raises(ValueError, match="there is no x"):
        words_of("x" * 5000, tmp_path)
    long = ("echo", "x" * 5000, f"{'x' * 5000}.py", f"{'x' * 5000}.yaml")
    assert init(long, tmp_path, run=False).spec.command == long


def test_a_module_beside_the_script_goes_before_one_in_the_folder(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "a" / "train.py").write_text("import b.part")
    (inner / "part.py").write_text("import common")
    for place in (tmp_path, tmp_path / "a", inner):
        (place / "common.py").write_text(f"# {place.name}")
    read = local_sources(tmp_path / "a" / "train.py", tmp_path)
    assert read[2:] == ["# b", "# a", f"# {tmp_path.name}"]


@pytest.mark.parametrize(
    ("choices", "told"),
    [("[16, 32, 64]", True), ("[64, 16, 32]", False), ("[16, 32]", False), ('["a", "b"]', False)],
)
def test_numbers_in_order_that_are_called_categories_are_told(choices: str, told: bool) -> None:
    text = TEXT.format(command='"p {lr} {batch}"') + (
        f'\n[space.batch]\ntype = "categorical"\nchoices = {choices}\n'
    )
    said = [a for a in advise(StudySpec.from_text(text)) if "ordinal" in a]
    assert [a.split(" lists")[0] for a in said] == (['"batch"'] if told else [])
    assert not [
        a
        for a in advise(StudySpec.from_text(text.replace("categorical", "ordinal")))
        if "ordinal" in a
    ]
