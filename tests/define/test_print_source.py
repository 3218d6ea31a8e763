"""What a script would print, from its text."""

import pytest

from hpo_tui.engine.define.sources.prints import printed_lines, read_source
from hpo_tui.engine.execution.metrics.lines import LineParser
from hpo_tui.engine.execution.metrics.names import Names


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("print(f'epoch {epoch}: val loss {loss:.4f}')", "epoch 1: val loss 0.5"),
        ("print('loss: {:.3f} of {total}'.format(x, total=n))", "loss: 0.5 of 1"),
        ("print('acc %.2f at %d' % (acc, step))", "acc 0.5 at 1"),
        ("logger.info('acc %.2f at %d', acc, step)", "acc 0.5 at 1"),
        ("print('reward:', reward)", "reward: 0.5"),
        ("self.log.info(f'{right}/{total} (' + f'{100 * r:.0f}%)')", "1/1 (0.5%)"),
        ("print('Accuracy: {}/{} ({:.0f}%)'.format(a, b, c))", "Accuracy: 1/1 (0.5%)"),
    ],
)
def test_lines(source: str, line: str) -> None:
    assert printed_lines([source]) == [line]


def test_what_is_no_python_prints_nothing() -> None:
    assert printed_lines(["print('a", "print()"]) == []
    assert read_source(["print('done', path)", "print(f'set size: {n}')"]) is None


@pytest.mark.parametrize("deep", ["+".join(["'a'"] * 1500), "a" + ".b" * 900, "-" * 900 + "1"])
def test_what_is_nested_too_deeply_stops_nothing(deep: str) -> None:
    assert printed_lines([f"print({deep})", "print('loss', loss)"])[-1] == "loss 0.5"


def test_the_likeliest_metric_is_the_one_that_trials_are_read_by() -> None:
    source = (
        "print(f'saved to {path}, params: {n}')\n"
        "print('Test set: loss: {:.4f}, Accuracy: {}/{} ({:.0f}%)'.format(l, c, len(d), p))\n"
    )
    read = read_source([source])
    assert read is not None
    assert not read.run
    assert read.ranked()[0] == "test_accuracy"
    parser = LineParser(Names(["test_accuracy"]), pattern=read.sources[0].pattern)
    entry = parser.parse("Test set: loss: 0.0567, Accuracy: 9812/10000 (98%)")
    assert entry is not None
    assert entry[1] == {"test_accuracy": 0.9812}
