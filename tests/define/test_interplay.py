"""Options beside one another: what one says about the others."""

from pathlib import Path

from hpo_tui.engine.define.compose import make_plan
from hpo_tui.engine.define.guess import propose
from hpo_tui.engine.define.interplay import Entries, settle
from hpo_tui.engine.define.options import Found, Option, kind_of
from hpo_tui.engine.spec import Value


def entries(**defaults: Value | None) -> Entries:
    options = [
        Option(name, f"--{name}", "float" if value is None else kind_of(value), value)
        for name, value in defaults.items()
    ]
    return [(o, p) for o in options if (p := propose(o)) is not None]


def names(kept: Entries) -> list[str]:
    return [o.name for o, _ in kept]


def test_guesses_are_left_out_where_enough_is_known() -> None:
    few = entries(lr=0.1, momentum=0.9, mystery=0.5)
    kept, left, guesses = settle(few)
    assert names(kept) == ["lr", "momentum", "mystery"]
    assert left == guesses == []
    many = entries(lr=0.1, momentum=0.9, weight_decay=1e-4, batch_size=64, mystery=0.5)
    kept, left, guesses = settle(many)
    assert names(kept) == ["lr", "momentum", "weight_decay", "batch_size"]
    assert [o.name for o in guesses] == [o.name for o in left] == ["mystery"]


def test_a_rate_that_is_off_gives_way_to_the_one_that_is_used() -> None:
    kept, left, guesses = settle(entries(lr=None, blr=1e-3, drop=0.0, drop_path=None))
    assert names(kept) == ["blr", "drop"]
    assert [o.name for o in left] == ["lr", "drop_path"]
    assert guesses == []
    assert names(settle(entries(lr=None, weight_decay=0.1))[0]) == ["lr", "weight_decay"]


def test_widths_are_multiples_of_the_heads_that_divide_them() -> None:
    kept, left, _ = settle(entries(n_embd=384, n_head=6, mlp_units=100))
    sizes = {o.name: p.parameter.choices for o, p in kept}
    assert sizes["n_embd"] == (96, 192, 384, 768, 1536)
    assert sizes["mlp_units"] == (32, 64, 100, 128, 256, 512)
    assert [o.name for o in left] == ["n_head"]
    assert "multiples of --n_head 6" in kept[0][1].note
    few, *_ = settle(entries(n_embd=36, n_head=12))
    assert few[0][1].parameter.choices == (36, 72, 144)
    alone, left, _ = settle(entries(num_heads=4))
    assert (names(alone), left) == (["num_heads"], [])


def test_a_warmup_in_epochs_ends_before_the_shortest_task(tmp_path: Path) -> None:
    def high(**defaults: Value | None) -> dict[str, float]:
        options = [Option(n, f"--{n}", "int", v) for n, v in defaults.items()]
        plan = make_plan(Found(tuple(options)), tmp_path)
        return {o.name: p.parameter.high for o, p in plan.proposals}

    assert high(warmup_epochs=1, epochs=20) == {"warmup_epochs": 4}  # tasks of 5, 10 and 20
    assert high(warmup_epochs=6, epochs=20) == {"warmup_epochs": 6}  # the default stays in it
    assert high(warmup_epochs=1, epochs=100) == {"warmup_epochs": 10}
    assert high(warmup_epochs=1, epochs=6) == {"warmup_epochs": 1}
    assert high(warmup_steps=3, epochs=20)["warmup_steps"] > 4  # as long as which epochs?


def test_momentum_depends_on_the_optimizer_only_where_another_has_none() -> None:
    def when(*choices: str) -> object:
        chosen = Option("opt", "--opt", "text", choices[0], choices)
        proposal = propose(chosen)
        assert proposal is not None
        kept, *_ = settle([(chosen, proposal), *entries(momentum=0.9)])
        return kept[1][1].parameter.when

    assert when("sgd", "adam") == {"opt": ("sgd",)}
    assert when("sgd", "rmsprop") == {}
