"""Whatever is printed, and however it arrives: the fast search reads what every line would say."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpo_tui.engine.execution.metrics.files import Tail, merge
from hpo_tui.engine.execution.metrics.lines import Entry, LineParser
from hpo_tui.engine.execution.metrics.names import Names
from hpo_tui.engine.execution.metrics.output import StdoutSource

NAMES = ("accuracy", "val loss", "été")
PARTS = [
    "epoch 3", "Epoch [4/10]", "step 100", "step 7:", "Iteration: 12", "\x1b[32mepoch\x1b[0m 5",
    "stepping", "epochs=60", "one step ahead", "step: none", "nothing", " ", "x" * 300,
    "accuracy=0.5", "accuracy: 0.25", "Val loss 3", "train accuracy 0.9", "val accuracy=0.8",
    "Été=1", "ÉTÉ 0.5", '{"\\u00e9t\\u00e9": 2}', '{"epoch": 3, "accuracy": 0.5}',
    '{"a": {"epoch": 7}}', "epoch  accuracy  val_loss", "1  0.5  0.25", "epoch,accuracy", "2,0.75",
    "│ 5 │ 0.5 │ 1 │", "50%|██ | 1/2 [00:01<00:00]",
]  # fmt: skip
anything = st.text(
    st.characters(exclude_characters="\r\n\x1b", exclude_categories=["Cs"]), max_size=10
)
line = st.lists(st.sampled_from(PARTS) | anything, min_size=1, max_size=3).map(" ".join)
output = st.lists(st.tuples(line, st.sampled_from(["\n", "\r", "\r\n"])).map("".join), max_size=12)
examples = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200
)


class EachLine(StdoutSource):
    """Reads every line as if it named a metric: slow, with nothing to be missed."""

    def _may_report(self, low: bytes) -> bool:
        return True

    def _names_metric(self, line: bytes) -> bool:
        return True


def read(kind: type[StdoutSource], folder: Path, chunks: list[bytes]) -> list[Entry]:
    """Return what is reported by output that grows by one chunk after the other."""
    log = folder / "log"
    log.write_bytes(b"")
    source = kind(Tail(folder, log.name), LineParser(Names(NAMES)))
    found: list[Entry] = []
    for chunk in chunks:
        with log.open("ab") as file:
            file.write(chunk)
        found += source.poll()
    return merge([*found, *source.finish()])


@examples
@given(lines=output)
def test_no_line_that_says_something_is_passed_over(tmp_path: Path, lines: list[str]) -> None:
    chunks = [line.encode() for line in lines]
    assert repr(read(StdoutSource, tmp_path, chunks)) == repr(read(EachLine, tmp_path, chunks))


@examples
@given(lines=output, cuts=st.sets(st.integers(0, 500), max_size=8))
def test_output_says_the_same_however_it_is_cut(
    tmp_path: Path, lines: list[str], cuts: set[int]
) -> None:
    data = "".join(lines).encode()
    cuts = {cut for cut in cuts if cut < len(data) and data[cut - 1 : cut + 1] != b"\r\n"}
    places = sorted({0, *cuts, len(data)})
    chunks = [data[a:b] for a, b in pairwise(places)]
    whole, cut = read(EachLine, tmp_path, [data]), read(StdoutSource, tmp_path, chunks)
    assert repr(cut) == repr(whole)


@pytest.mark.parametrize("name", ["Ähnlichkeit", "Точность", "精度"])
def test_a_name_in_any_script_is_found(tmp_path: Path, name: str) -> None:
    told = json.dumps({"epoch": 3, name: 0.75})  # which writes letters beyond ASCII as numbers
    assert told.isascii()
    (tmp_path / "log").write_text(f"Epoch 2 {name}=0.5\n{told}\n", "utf-8")
    source = StdoutSource(Tail(tmp_path, "log"), LineParser(Names([name])))
    assert source.poll() == [(2, {name: 0.5}), (3, {name: 0.75})]


def test_the_last_step_counts_though_more_words_of_its_kind_follow(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("Epoch 7\nof 60 epochs\none step ahead\n")
    source = StdoutSource(Tail(tmp_path, log.name), LineParser(Names(["accuracy"])))
    assert source.poll() == []
    with log.open("a") as file:
        file.write("accuracy=0.5\n")
    assert source.poll() == [(7, {"accuracy": 0.5})]


@pytest.mark.parametrize("line", ["Epoch 9", "Saving 9"])
def test_a_line_of_two_words_is_no_row_of_a_table(tmp_path: Path, line: str) -> None:
    (tmp_path / "log").write_text(f"epoch  accuracy\n1  0.5\n{line}\n2  0.75\n")
    source = StdoutSource(Tail(tmp_path, "log"), LineParser(Names(["accuracy"])))
    assert source.poll() == [(1, {"accuracy": 0.5}), (2, {"accuracy": 0.75})]
