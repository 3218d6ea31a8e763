"""Settings given beside a study file."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo_tui.engine.spec import ParameterKind, SpecError, StudySpec
from hpo_tui.engine.spec.text.amend import EditError
from hpo_tui.engine.spec.text.settings import load_as, with_settings

TEXT = """\
[study]
name = "speech"
command = "python train.py --lr {lr} --epochs {epochs}"
budget = 40  # full trainings

[space.lr]
type = "float"
low = 1e-4
high = 1e-1
log = true

[[objective]]
metric = "accuracy"
direction = "maximize"

[[task]]
name = "short"
epochs = 15
cost = 0.25

[[task]]
name = "full"
epochs = 60
cost = 1.0
"""


@pytest.fixture
def study() -> StudySpec:
    return StudySpec.from_text(TEXT)


def test_a_setting_takes_the_place_of_what_the_file_says(study: StudySpec) -> None:
    found = with_settings(
        study, ["budget=20", "space.lr.high = 0.5", "task[1].cost=0.3", 'study."name"=other']
    )
    assert found.text == TEXT.replace("40", "20").replace("1e-1", "0.5").replace(
        "0.25", "0.3"
    ).replace("speech", "other")
    assert study.text == TEXT


def test_a_key_of_the_study_or_its_resources_needs_no_section(study: StudySpec) -> None:
    found = with_settings(study, ["seed=7", "slots=4", "env.MODE=fast", "gpus=[0, 1]"])
    assert (found.seed, found.resources.slots) == (7, 4)
    assert found.env == {"MODE": "fast"}
    assert (
        found.resources.gpus
        == StudySpec.from_text(TEXT + "[resources]\ngpus = [0, 1]\n").resources.gpus
    )


def test_relations_are_put_where_they_are_or_under_study(study: StudySpec) -> None:
    wide = StudySpec.from_text(TEXT + '[space.width]\ntype = "int"\nlow = 1\nhigh = 9\n')
    setting = ['constraints=["width * lr < 0.1"]']
    assert with_settings(wide, setting).constraints == ("width * lr < 0.1",)
    above = StudySpec.from_text('constraints = ["width > 2"]\n' + wide.text)
    found = with_settings(above, setting)
    assert found.text.startswith('constraints = ["width * lr < 0.1"]\n[study]')
    assert found.constraints == ("width * lr < 0.1",)


def test_what_is_no_value_of_toml_is_a_text(study: StudySpec) -> None:
    found = with_settings(
        study, ["budget=12 gpu-hours", "stop_when=goals met", "objective[1].threshold=0.9"]
    )
    assert 'budget = "12 gpu-hours"' in found.text
    assert 'stop_when = "goals met"' in found.text


def test_the_name_of_a_metric_stands_for_its_goal() -> None:
    text = TEXT + '[[constraint]]\nmetric = "latency"\nmax = 9\n'
    found = with_settings(StudySpec.from_text(text), ["accuracy.threshold=0.9", "latency.max=8"])
    assert (found.objectives[0].threshold, found.outcome_constraints[0].max) == (0.9, 8.0)


def test_a_parameter_goes_before_a_metric_of_its_name() -> None:
    study = StudySpec.from_text(TEXT.replace('"accuracy"', '"lr"'))
    assert with_settings(study, ["lr.low=0.01"]).space[0].low == 0.01


def test_a_slip_in_a_key_of_a_metric_is_said_of_its_goal(study: StudySpec) -> None:
    with pytest.raises(SpecError, match=r"(?s)objective\[1\]\.treshold.*threshold"):
        with_settings(study, ["accuracy.treshold=0.9"])


def test_the_last_of_two_settings_of_a_key_counts(study: StudySpec) -> None:
    assert with_settings(study, ["seed=1", "seed=2"]).seed == 2


def test_without_settings_the_study_is_as_it_was(study: StudySpec) -> None:
    assert with_settings(study, []) == study


def test_a_key_of_a_parameter_needs_no_section(study: StudySpec) -> None:
    found = with_settings(study, ["lr.high=0.5"])
    assert found.text == TEXT.replace("1e-1", "0.5")


def test_a_parameter_is_fixed_also_in_the_configurations_to_run_first() -> None:
    text = TEXT.replace("{lr}", "{lr} {size}") + (
        '[space.size]\ntype = "ordinal"\nchoices = [1, 2, 4]\n[[start]]\nlr = 0.02\nsize = 2\n'
    )
    found = with_settings(StudySpec.from_text(text), ["lr=0.003"])
    assert (found.parameter("lr").kind, found.parameter("lr").value) == (
        ParameterKind.FIXED,
        0.003,
    )
    assert found.start == ({"lr": 0.003, "size": 2},)
    assert [p.name for p in found.space] == ["lr", "size"]


def test_a_parameter_called_like_a_key_of_the_study_is_named_in_full() -> None:
    text = TEXT.replace("space.lr", "space.seed").replace("{lr}", "{seed} {x}")
    text += '[space.x]\ntype = "float"\nlow = 0\nhigh = 1\n'
    found = with_settings(StudySpec.from_text(text), ["seed=5", "space.seed=0.02"])
    assert (found.seed, found.parameter("seed").value) == (5, 0.02)


@pytest.mark.parametrize(
    "setting",
    ["budget", "=3", "space..low=1", ".lr=1", "lr.=1", "task[0].cost=1", r'"\q".a=1', "a b=1", ""],
)
def test_what_is_no_setting_is_refused_with_an_example(study: StudySpec, setting: str) -> None:
    with pytest.raises(EditError, match=r"is no setting: write KEY=VALUE, such as budget=20"):
        with_settings(study, [setting])


def test_an_entry_that_is_not_there_is_refused(study: StudySpec) -> None:
    with pytest.raises(EditError, match=r"there is no task\[5\]\.cost"):
        with_settings(study, ["task[5].cost=1"])


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("budget=-3", "study.budget"),
        ("study.sed=3", "study.sed"),
        ("sloots=2", "resources.sloots"),
        ("n_jobs=2", "resources.n_jobs"),
        ("study.whatever=2", "study.whatever"),
        ("space.lr.low=high", "space.lr.low"),
    ],
)
def test_what_a_setting_makes_wrong_is_said_of_no_line(
    study: StudySpec, setting: str, said: str
) -> None:
    with pytest.raises(SpecError) as caught:
        with_settings(study, [setting])
    (problem,) = caught.value.problems
    assert (problem.key, problem.line) == (said, None)


@pytest.mark.parametrize("key", ["model.lr", "space.model.lr", 'space."model.lr"'])
def test_a_name_with_dots_needs_no_quotes(key: str) -> None:
    text = TEXT.replace("space.lr", 'space."model.lr"').replace("{lr}", "")
    study = StudySpec.from_text(text + '\n[space.width]\ntype = "int"\nlow = 1\nhigh = 9\n')
    found = with_settings(study, [f"{key}.high=0.5"])
    assert found.parameter("model.lr").high == 0.5
    assert with_settings(study, [f"{key}=0.01"]).parameter("model.lr").value == 0.01
    with pytest.raises(EditError, match=r'there is no "mode"; did you mean "model.lr"'):
        with_settings(study, ["mode.lr=0.01"])


def test_a_file_without_a_name_is_called_as_it_is_said(tmp_path: Path) -> None:
    file = tmp_path / "study.toml"
    nameless = TEXT.replace('name = "speech"\n', "")
    file.write_text(nameless, "utf-8")
    found = load_as(file, "other", ["budget=7"])
    assert (found.name, found.budget.amount, found.source) == ("other", 7, file)
    assert StudySpec.from_text(found.text) == found
    with pytest.raises(SpecError, match=r"^study.toml:1: study.name: is missing"):
        load_as(file)
    file.write_text(nameless.replace("budget = 40", "budget = -1"), "utf-8")
    with pytest.raises(SpecError) as caught:
        load_as(file, "other")
    assert [(p.key, p.line) for p in caught.value.problems] == [("study.budget", 3)]
    file.write_text(TEXT, "utf-8")
    assert load_as(file, "other").name == "speech", "what the file says is left as it is"
    file.write_text(TEXT.replace('"speech"', "5"), "utf-8")
    with pytest.raises(SpecError, match=r"study.name: .*found 5"):
        load_as(file, "other")


@given(st.text(max_size=30))
def test_any_text_is_taken_or_refused(setting: str) -> None:
    study = StudySpec.from_text(TEXT)
    try:
        found = with_settings(study, [setting])
    except (EditError, SpecError):
        return
    assert StudySpec.from_text(found.text) == found


def test_entries_of_a_list_are_named_by_place_or_by_their_name(study: StudySpec) -> None:
    for key in ("task[1].cost", "task.short.cost", 'task."short".cost'):
        assert with_settings(study, [f"{key}=0.3"]).tasks[0].cost == 0.3
    for key in ("objective[1].threshold", "objective.accuracy.threshold", "accuracy.threshold"):
        assert with_settings(study, [f"{key}=0.9"]).objectives[0].threshold == 0.9
    with pytest.raises(EditError, match=r"there is no task\.long\.cost"):
        with_settings(study, ["task.long.cost=0.3"])


def test_names_in_any_script_need_no_quotes() -> None:
    named = StudySpec.from_text(
        TEXT.replace("[space.lr]", '[space."学習率"]').replace("{lr}", "{学習率}")
    )
    for key in ("学習率.high", "space.学習率.high", 'space."学習率".high'):
        assert with_settings(named, [f"{key}=0.5"]).space[0].high == 0.5
    with pytest.raises(EditError, match="names of other characters in double quotes"):
        with_settings(named, ["latency [ms].max=7"])
