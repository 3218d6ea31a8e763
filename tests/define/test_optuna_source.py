"""What an Optuna objective suggests, read from its source: ranges, choices, conditions."""

import random
import textwrap
from typing import Any

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo_tui.engine.define.optuna.source import Suggested, suggested, uses_optuna
from hpo_tui.engine.spec import Parameter
from hpo_tui.engine.spec.space import sample


def read(objective: str, rest: str = "") -> Suggested:
    return suggested([f"import optuna\n{rest}\n{textwrap.dedent(objective)}"])


def shown(parameter: Parameter) -> tuple[Any, ...]:
    inside: tuple[Any, ...] = parameter.choices or (parameter.low, parameter.high)
    more = [word for word, is_so in (("log", parameter.log), ("step", parameter.step)) if is_so]
    return (str(parameter.kind), *inside, *more)


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ('suggest_float("p", 1e-5, 1e-1, log=True)', ("float", 1e-5, 1e-1, "log")),
        ('suggest_float(name="p", high=1, low=0)', ("float", 0.0, 1.0)),
        ('suggest_float("p", -LOW, 2**3 / 2)', ("float", -0.25, 4.0)),
        ('suggest_float("p", 0, 1.05, step=0.1)', ("float", 0.0, 1.0, "step")),
        ('suggest_int("p", 3, 9, 2)', ("int", 3, 9, "step")),
        ('suggest_int("p", 1, 1 << 20)', None),
        ('suggest_int("p", 2, 32, log=True)', ("int", 2, 32, "log")),
        ('suggest_uniform("p", 0, 1)', ("float", 0.0, 1.0)),
        ('suggest_loguniform("p", 1e-10, 1e10)', ("float", 1e-10, 1e10, "log")),
        ('suggest_discrete_uniform("p", 0, 1, 0.25)', ("float", 0.0, 1.0, "step")),
        ('suggest_categorical("p", ["a", None, True])', ("categorical", "a", "None", True)),
        ('suggest_categorical("p", [16, 32, 64])', ("ordinal", 16, 32, 64)),
        ('suggest_categorical("p", list(MODELS))', ("categorical", "svc", "mlp")),
        ('suggest_categorical("p", MODELS.keys())', ("categorical", "svc", "mlp")),
        ('suggest_categorical(f"{PREFIX}p", ("x", "y"))', ("categorical", "x", "y")),
        ('suggest_float("p", 0, args.most)', None),
        ('suggest_float(*limits)', None),
        ('suggest_float("p", 0, TWICE)', None),
    ],
)  # fmt: skip
def test_ranges_and_choices_are_what_optuna_takes(call: str, found: tuple[Any, ...] | None) -> None:
    constants = 'LOW = 0.25\nMODELS = {"svc": svc, "mlp": mlp}\nPREFIX = ""\nTWICE = 1\nTWICE = 2'
    source = read(f"def objective(trial):\n    return trial.{call}", constants)
    if found is None:
        assert source.unread == [f"trial.{call}".replace('"', "'")]
    else:
        assert [(n, shown(p)) for n, p in source.space.items()] == [("p", found)]
        assert source.unread == []


def test_what_a_branch_suggests_depends_on_the_values_that_lead_there() -> None:
    source = read("""
        def suggest_svc(trial):
            kernel = trial.suggest_categorical("kernel", ["rbf", "poly"])
            degree = trial.suggest_int("degree", 2, 5) if kernel == "poly" else 3
        class Objective:
            def __call__(self, trial):
                kind = trial.suggest_categorical("kind", ["svc", "forest", "mlp"])
                if kind == "svc":
                    return self.fit(suggest_svc(trial))
                if "forest" == kind:
                    trial.suggest_int("depth", 2, 32)
                elif args.fast:
                    trial.suggest_float("fast", 0, 1)
                else:
                    width = [trial.suggest_int(f"w{i}", 8, 64)
                             for i in range(trial.suggest_int("layers", 1, 3))]
                p = {"booster": trial.suggest_categorical("booster", ["tree", "dart", "linear"])}
                if p["booster"] not in ("linear",) and kind != "mlp":
                    p["eta"] = trial.suggest_float("eta", 0, 1)
                if trial.suggest_categorical("mix", [False, True]):
                    trial.suggest_float("alpha", 0, 1)
                {n: trial.suggest_float(f"much {n}", 0, 1) for n in ("flip", "crop")
                 if trial.suggest_categorical(f"use {n}", [True, False])}
                if trial.params["alpha"] > random():
                    trial.suggest_float("luck", 0, 1)
        """)
    whens = {name: dict(p.when) for name, p in source.space.items()}
    rest = {"kind": ("forest", "mlp")}
    assert whens == {
        "kind": {},
        "kernel": {"kind": ("svc",)},
        "degree": {"kind": ("svc",), "kernel": ("poly",)},
        "depth": {"kind": ("forest",)},
        "fast": {"kind": ("mlp",)},
        "layers": {"kind": ("mlp",)},
        "w0": {"kind": ("mlp",)},
        "w1": {"kind": ("mlp",), "layers": (2, 3)},
        "w2": {"kind": ("mlp",), "layers": (3,)},
        "booster": rest,
        "eta": {"kind": ("forest",), "booster": ("tree", "dart")},
        "mix": rest,
        "alpha": {**rest, "mix": (True,)},
        "use flip": rest,
        "much flip": {**rest, "use flip": (True,)},
        "use crop": rest,
        "much crop": {**rest, "use crop": (True,)},
        "luck": {},
    }
    assert source.doubtful == ["luck"]


def test_what_follows_where_some_have_left_is_doubtful() -> None:
    source = read("""
        def objective(trial):
            a = trial.suggest_categorical("a", [1, 2])
            b = trial.suggest_categorical("b", [1, 2])
            if a == 1 and b == 1:
                pass
            elif a == 1:
                return 0.0
            trial.suggest_float("x", 0, 1)
        """)
    assert source.doubtful == ["x"]


def test_a_parameter_of_two_places_has_the_range_of_both() -> None:
    source = read("""
        def objective(trial):
            kind = trial.suggest_categorical("kind", ["a", "b", "c"])
            if kind == "a":
                trial.suggest_float("x", 0, 1), trial.suggest_int("only", 0, 1)
            elif kind == "b":
                trial.suggest_float("x", 0.5, 2), trial.suggest_int("only", 0, 1)
            else:
                trial.suggest_float("x", 0.5, 2)
        """)
    assert shown(source.space["x"]) == ("float", 0.0, 2.0)
    assert source.space["x"].when == {}
    assert source.space["only"].when == {"kind": ("a", "b")}


def test_a_call_may_be_of_any_function_with_its_name() -> None:
    source = read("""
        class SVC:
            def suggest(self, trial):
                return trial.suggest_float("C", 0, 1)
        class Forest:
            def suggest(self, trial):
                return trial.suggest_int("depth", 2, 9)
        def objective(trial):
            kind = trial.suggest_categorical("kind", ["svc", "forest"])
            return (SVC() if kind == "svc" else Forest()).suggest(trial)
        """)
    assert list(source.space) == ["kind", "C", "depth"]
    assert source.doubtful == ["C", "depth"]


def test_what_the_script_says_of_its_study() -> None:
    source = read(
        "def objective(trial):\n    return trial.suggest_float('x', 0, 1), 2",
        """
        study = optuna.create_study(
            study_name="mnist", storage="sqlite:///x.db",
            directions=["maximize", optuna.study.StudyDirection.MINIMIZE],
        )
        study.set_metric_names(["accuracy", "size"])
        study.enqueue_trial({"x": 0.5})
        if __name__ == "__main__":
            study.optimize(lambda trial: objective(trial), n_trials=2 * 30)
        """.replace("\n        ", "\n"),
    )
    assert source.directions == ("maximize", "minimize")
    assert (source.name, source.metrics, source.trials) == ("mnist", ("accuracy", "size"), 60)
    assert source.start == ({"x": 0.5},)
    assert source.doubtful == []


@pytest.mark.parametrize(
    ("loop", "steps"),
    [
        ("for e in range(9):\n    trial.report(e, e)\n    if trial.should_prune(): raise P", 9),
        ("for e in range(9):\n    if trial is not None:\n        with lock: trial.report(e, e)\n"
         "        trial.should_prune()", 9),
        ("for e in range(9):\n    if e % 3 == 0: trial.report(e, e)\n    trial.should_prune()", 0),
        ("for f in range(5):\n    for e in range(9):\n        trial.report(e, e)\n"
         "        trial.should_prune()", 9),
        ("for e in range(9):\n    trial.report(e, e)", 0),
    ],
)  # fmt: skip
def test_how_often_a_trial_reports_is_the_length_of_a_loop(loop: str, steps: int) -> None:
    source = read(f"def objective(trial):\n{textwrap.indent(loop, '    ')}")
    assert source.steps == steps


def test_a_script_with_an_objective_is_told_from_others() -> None:
    asks = "import optuna\nt = study.ask()\nt.suggest_int('a', 0, 1)"
    assert uses_optuna([asks])
    assert uses_optuna(
        ["import optuna\nstudy.ask({'x': optuna.distributions.FloatDistribution(0, 1)})"]
    )
    hands_over = "pool.submit(study.optimize, lambda t: t.suggest_int('a', 0, 1))"
    assert uses_optuna([f"import optuna\n{hands_over}"])
    assert not uses_optuna(["import optuna\noptuna.load_study(study_name='x', storage=s)"])
    assert not uses_optuna(["optimizer.optimize(x)", "nlp.suggest_terms()"])


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='tri al.sugest_ncof("p,01)[]{}:\n=if', max_size=200))
def test_no_source_is_too_strange(text: str) -> None:
    suggested([text, f"def f(trial):\n    trial.suggest_int('a', {text!r})\n    f(trial)"])


class Program:
    """An objective that is made up: nested branches and loops over what was suggested before."""

    def __init__(self, data: st.DataObject) -> None:
        self.data, self.count = data, 0
        self.lines = ["def objective(trial):"]
        self.block(1, [], deep=0)
        self.lines.append("    return 1.0")
        self.text = "\n".join(["import optuna", *self.lines])

    def draw(self, options: list[Any]) -> Any:
        return self.data.draw(st.sampled_from(options))

    def block(self, indent: int, known: list[tuple[str, str]], deep: int) -> None:
        known = list(known)
        pad = "    " * indent
        self.lines.append(f"{pad}pass")
        for _ in range(self.data.draw(st.integers(1, 3))):
            kind = self.draw(
                ["choice", "int", "float", *(["if", "loop", "leave"] if known else [])]
            )
            self.count += 1
            name = f"p{self.count}"
            if kind == "choice":
                self.lines.append(f'{pad}{name} = trial.suggest_categorical("{name}", list("abc"))')
                known.append((name, "choice"))
            elif kind == "int":
                self.lines.append(f'{pad}{name} = trial.suggest_int("{name}", 0, 3)')
                known.append((name, "int"))
            elif kind == "float":
                self.lines.append(f'{pad}{name} = trial.suggest_float("{name}", 0.0, 1.0)')
            elif kind == "loop" and any(k == "int" for _, k in known):
                over = self.draw([n for n, k in known if k == "int"])
                self.lines.append(f"{pad}for i in range({over}):")
                self.lines.append(f'{pad}    trial.suggest_float(f"{name}_{{i}}", 0.0, 1.0)')
            elif deep < 3:
                self.branch(kind, indent, known, deep)

    def branch(self, kind: str, indent: int, known: list[tuple[str, str]], deep: int) -> None:
        pad = "    " * indent
        self.lines.append(f"{pad}if {self.test(known)}:")
        if kind == "leave":
            self.lines.append(f"{pad}    return 0.0")
            return
        self.block(indent + 1, known, deep + 1)
        if self.data.draw(st.booleans()):
            self.lines.append(f"{pad}else:")
            self.block(indent + 1, known, deep + 1)

    def test(self, known: list[tuple[str, str]]) -> str:
        name, kind = self.draw(known)
        forms = (
            ["{} == 'a'", "{} != 'b'", "{} in ('a', 'c')", "not {} == 'a'", "'c' == {}",
             "{0} == 'a' or {0} == 'b'"]
            if kind == "choice"
            else ["{} > 1", "{} <= 2", "2 > {}", "{} == 3", "{}", "{0} > 0 and {0} < 3"]
        )  # fmt: skip
        one = str(self.draw(forms)).format(name)
        if self.data.draw(st.integers(0, 4)) == 0:
            other, kind = self.draw(known)
            return f"{one} and {other} == {1 if kind == 'int' else 'b'!r}"
        return one


@settings(max_examples=100, deadline=None, report_multiple_bugs=False)
@given(st.data())
def test_a_configuration_has_exactly_what_the_objective_asks_for(data: st.DataObject) -> None:
    program = Program(data)
    source = suggested([program.text])
    assert source.unread == []
    scope: dict[str, Any] = {}
    exec(program.text, scope)
    space = list(source.space.values())
    doubtful = set(source.doubtful)
    for seed in range(20):
        configuration = sample(space, (), random.Random(seed))
        trial = optuna.trial.FixedTrial(dict(configuration))
        scope["objective"](trial)  # raises for what the configuration lacks
        assert set(configuration) - doubtful == set(trial.params) - doubtful, program.text
