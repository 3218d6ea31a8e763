"""Reading files as they grow: in pieces, after a restart, rewritten, huge, or full of garbage."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpo_tui.engine.execution.metrics.collector import Collector, Entry
from hpo_tui.engine.execution.metrics.files import LIMIT, LONGEST
from hpo_tui.engine.spec import MetricSource
from hpo_tui.store.folder import TrialFolder

NAMES = ("accuracy", "size")


def collector(folder: Path, *sources: MetricSource) -> Collector:
    return Collector(sources or (MetricSource(),), TrialFolder(folder), NAMES)


def append(path: Path, data: str | bytes) -> None:
    with path.open("ab") as file:
        file.write(data.encode() if isinstance(data, str) else data)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return TrialFolder(tmp_path).log


def test_lines_are_taken_once_and_partial_ones_at_the_end(tmp_path: Path, log: Path) -> None:
    reader = collector(tmp_path)
    assert reader.poll() == []
    append(log, "epoch 1 accuracy=0.1\nepoch 2 accu")
    assert reader.poll() == [(1, {"accuracy": 0.1})]
    assert reader.poll() == []
    append(log, "racy=0.2\nepoch 3 accuracy=0.3")
    assert reader.poll() == [(2, {"accuracy": 0.2})]
    assert reader.finish() == [(3, {"accuracy": 0.3})]
    assert reader.finish() == []


def test_progress_bars_and_windows_lines(tmp_path: Path, log: Path) -> None:
    append(log, "\rEpoch 1: accuracy=0.1\rEpoch 1: accuracy=0.2\rEpoch 2: accuracy=0.3\r\n")
    append(log, "Epoch 2 size=5\r\n")
    assert collector(tmp_path).poll() == [
        (1, {"accuracy": 0.2}),
        (2, {"accuracy": 0.3, "size": 5.0}),
    ]


TEXT = "".join(
    f"Epoch {n}\n loss 3 accuracy: {n / 100}\n{{'size': {n}, 'epoch': {n}}}\nnothing\n"
    for n in range(1, 30)
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(cuts=st.lists(st.integers(0, len(TEXT)), max_size=12), restarts=st.booleans())
def test_the_same_is_read_however_it_is_cut(
    tmp_path: Path, log: Path, cuts: list[int], restarts: bool
) -> None:
    log.unlink(missing_ok=True)
    found: list[Entry] = []
    reader, at = collector(tmp_path), 0
    for cut in [*sorted(cuts), len(TEXT)]:
        append(log, TEXT[at:cut])
        at = cut
        found += reader.poll()
        if restarts:
            state = json.loads(json.dumps(reader.state()))
            reader = collector(tmp_path)
            reader.restore(state)
    found += reader.finish()
    joined: dict[int | None, dict[str, float]] = {}
    for step, metrics in found:
        for name, value in metrics.items():
            assert name not in joined.setdefault(step, {})
            joined[step][name] = value
    assert joined == {n: {"accuracy": n / 100, "size": float(n)} for n in range(1, 30)}


def test_a_flood_is_read_in_bounded_pieces(tmp_path: Path, log: Path) -> None:
    line = b"step %d accuracy=0.5 and some words to fill the line up to a usual length\n"
    append(log, b"".join(line % n for n in range(20_000)))
    reader = collector(tmp_path)
    first = reader.poll()
    assert 0 < len(first) < 16_000
    rest = reader.finish()
    assert [s for s, _ in first + rest] == list(range(20_000))


def test_an_endless_line_is_read_in_pieces(tmp_path: Path, log: Path) -> None:
    reader, found = collector(tmp_path), []
    for n in range(1, 5):
        append(log, " x" * LONGEST + f" epoch {n} accuracy={n} ")
        found += reader.poll() + reader.poll()
    found += reader.finish()
    assert [m["accuracy"] for _, m in found] == [1.0, 2.0, 3.0, 4.0]


def test_garbage_between_lines_is_survived(tmp_path: Path, log: Path) -> None:
    append(log, os.urandom(300_000) + b"\nepoch 1 accuracy=0.5\n" + bytes(300_000) + b"\n\xff\xfe")
    append(log, b"epoch 2 accuracy=0.6")
    reader = collector(tmp_path)
    found = reader.poll() + reader.finish()
    assert [m["accuracy"] for _, m in found if "accuracy" in m][:2] == [0.5, 0.6]


def test_two_gigabytes_of_other_output_are_passed_in_little_time(tmp_path: Path, log: Path) -> None:
    append(log, "epoch 7 begins\n")
    os.truncate(log, 2 << 30)  # a sparse file: zeros that take no disk
    append(log, "\naccuracy=0.5\n")
    reader = collector(tmp_path)
    begun = time.process_time()
    reader.poll()
    assert time.process_time() - begun < 0.2
    reader.restore({"sources": [{"offset": (2 << 30) - 3 * LIMIT, "parser": {"step": 7}}]})
    assert reader.finish() == [(7, {"accuracy": 0.5})]


def test_another_attempt_reads_only_its_own_output(tmp_path: Path, log: Path) -> None:
    append(log, "epoch 9 accuracy=0.9\nhalf a li")
    reader = collector(tmp_path)
    reader.skip()
    append(log, "ne\nepoch 1 accuracy=0.1\n")
    assert reader.poll() == [(1, {"accuracy": 0.1})]


def test_csv_rows_as_they_come(tmp_path: Path) -> None:
    path = tmp_path / "out" / "metrics.csv"
    reader = collector(tmp_path, MetricSource("csv", "out/metrics.csv"))
    assert reader.poll() == []
    path.parent.mkdir()
    append(path, "epoch,accuracy,note\n1,0.5,a\n2,,b\n3,0.7")
    assert reader.poll() == [(1, {"accuracy": 0.5})]
    append(path, "5,c\n")
    assert reader.poll() == [(3, {"accuracy": 0.75})]


@pytest.mark.parametrize("keep", [False, True])
def test_a_csv_that_is_written_anew_says_only_what_is_new(tmp_path: Path, keep: bool) -> None:
    path = tmp_path / "m.csv"
    reader = collector(tmp_path, MetricSource("csv", "m.csv"))
    rows: list[str] = []
    for epoch in range(1, 6):
        row = f"{epoch},{epoch / 10},{epoch}"
        rows = [*rows, row] if keep else [row]
        # From the third epoch on there is one more column, as some loggers do it.
        extra = ",lr" if epoch > 2 else ""
        path.write_text(f"epoch,accuracy,size{extra}\n" + "".join(f"{r}\n" for r in rows))
        assert reader.poll() == [(epoch, {"accuracy": epoch / 10, "size": float(epoch)})]
        kept = json.loads(json.dumps(reader.state()))
        reader = collector(tmp_path, MetricSource("csv", "m.csv"))
        reader.restore(kept)


def test_a_table_of_one_row_that_is_written_anew_at_the_same_size(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    reader = collector(tmp_path, MetricSource("csv", "m.csv"))
    for epoch in range(1, 5):
        path.write_text(f"epoch,accuracy\n{epoch},0.{epoch}\n")
        os.utime(path, (1000 + epoch, 1000 + epoch))
        assert reader.poll() == [(epoch, {"accuracy": epoch / 10})]
        assert reader.poll() == []


def test_csv_with_other_delimiters_and_quotes(tmp_path: Path) -> None:
    append(tmp_path / "m.csv", '\ufeff"step";"accuracy"\n10;0.5\n20;"0.6"\n')
    reader = collector(tmp_path, MetricSource("csv", "m.csv"))
    assert reader.poll() == [(10, {"accuracy": 0.5}), (20, {"accuracy": 0.6})]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("epoch;accuracy\n1;0,91\n2;0,935\n3;1,234\n4;1.234,5\n5;0.5\n6;1,234,567\n",
         [0.91, 0.935, 1.234, 1234.5, 0.5, 1234567.0]),
        ("epoch\taccuracy\n1\t0,91\n2\t0,935\n3\t1,234\n", [0.91, 0.935, 1234.0]),
        ('epoch,accuracy\n1,"0,91"\n2,"1,234.5"\n', [0.91, 1234.5]),
    ],
)  # fmt: skip
def test_commas_in_csv(tmp_path: Path, text: str, found: list[float]) -> None:
    append(tmp_path / "m.csv", text)
    entries = collector(tmp_path, MetricSource("csv", "m.csv")).poll()
    assert [metrics["accuracy"] for _, metrics in entries] == pytest.approx(found)


def test_the_newest_file_of_a_pattern_is_read(tmp_path: Path) -> None:
    for version in (0, 1):
        folder = tmp_path / "logs" / f"version_{version}"
        folder.mkdir(parents=True)
        append(folder / "metrics.csv", f"epoch,accuracy\n1,0.{version}\n")
        os.utime(folder / "metrics.csv", (1000 + version, 1000 + version))
    reader = collector(tmp_path, MetricSource("csv", "**/metrics.csv"))
    assert reader.poll() == [(1, {"accuracy": 0.1})]


def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    append(path, '{"epoch": 1, "eval": {"accuracy": 0.5}}\n[1]\nno json\n{"epoch": 2, "acc')
    reader = collector(tmp_path, MetricSource("jsonl", "m.jsonl"))
    assert reader.poll() == [(1, {"accuracy": 0.5})]
    append(path, 'uracy": NaN, "size": 3}\n')
    assert [(s, set(m)) for s, m in reader.poll()] == [(2, {"accuracy", "size"})]


def test_several_sources_of_one_trial(tmp_path: Path, log: Path) -> None:
    append(log, "epoch 1 accuracy=0.5\n")
    append(tmp_path / "m.csv", "epoch,size\n1,3\n")
    reader = collector(tmp_path, MetricSource(), MetricSource("csv", "m.csv"))
    assert reader.poll() == [(1, {"accuracy": 0.5}), (1, {"size": 3.0})]


def test_an_unreadable_place_gives_nothing(tmp_path: Path) -> None:
    (tmp_path / "m.csv").mkdir()
    reader = collector(tmp_path, MetricSource("csv", "m.csv"), MetricSource("tensorboard", "none"))
    assert reader.poll() == []
    assert reader.finish() == []


TABLES = [
    # fastai
    "epoch     train_loss  valid_loss  accuracy  time    \n"
    "0         1.234000    0.987000    0.100000  00:10     \n"
    "1         0.834000    0.687000    0.200000  00:10     \n",
    # skorch
    "  epoch    train_loss    accuracy    valid_loss     dur\n"
    "-------  ------------  ----------  ------------  ------\n"
    "      0        \x1b[36m0.6900\x1b[0m      \x1b[32m0.1000\x1b[0m        0.6800  0.0200\n"
    "      1        \x1b[36m0.6500\x1b[0m      \x1b[32m0.2000\x1b[0m        0.6400  0.0100\n",
    # rich
    "┏━━━━━━━┳━━━━━━━━━━┓\n┃ epoch ┃ accuracy ┃\n┡━━━━━━━╇━━━━━━━━━━┩\n"
    "│ 0     │ 0.1      │\n│ 1     │ 0.2      │\n└───────┴──────────┘\n",
    "| Epoch | Accuracy | note |\n|-------|----------|------|\n"
    "| 0/2 | 0.1 | a |\n| 1/2 | 0.2 | b |\n",
    # CSV
    "epoch,train_loss,accuracy,time\n0,0.9,0.1,1.5s\n1, 0.8, 0.2, 1.5s\n",
    # a progress bar behind the header, as YOLO has it, whose last column is the metric
    "  Epoch  Class  accuracy: 100%|██| 4/4 [00:01<00:00]\n  0  all  0.1\n"
    "  Epoch  Class  accuracy:  50%|█ | 2/4\r  Epoch  Class  accuracy: 100%|██| 4/4\n"
    "  1  all  0.2\n",
    # a progress bar behind each row
    "Epoch  mem  accuracy  size: 0%|    | 0/9\r0/2  0G  0.1  64: 100%|██| 9/9 [00:02<00:00]\n"
    "noise\n1/2  0G  0.2  64: 100%|██| 9/9\n",
]


@pytest.mark.parametrize("text", TABLES)
def test_rows_of_a_table_are_read_by_its_header(tmp_path: Path, log: Path, text: str) -> None:
    found: list[Entry] = []
    kept: dict[str, Any] = {}
    for line in text.splitlines(keepends=True):
        reader = Collector((MetricSource(),), TrialFolder(tmp_path), ("accuracy",))
        reader.restore(kept)
        append(log, line)
        found += reader.poll()
        kept = json.loads(json.dumps(reader.state()))
    found += reader.finish()
    assert found == [(0, {"accuracy": 0.1}), (1, {"accuracy": 0.2})]


@pytest.mark.parametrize(
    "text",
    [
        "computing accuracy and size of it\nit took 3 4 5 6\n",
        "accuracy size\nfirst second\n1 2 3\n",
        "precision recall accuracy support\n0 0.95 0.93 0.94 50\n",
    ],
)
def test_numbers_below_words_are_no_table(tmp_path: Path, log: Path, text: str) -> None:
    append(log, text)
    assert collector(tmp_path).finish() == []


def test_a_table_is_over_after_many_other_lines(tmp_path: Path, log: Path) -> None:
    append(log, "epoch accuracy\n1 0.1\n" + "on and on\n" * 100_001 + "2 0.2\n")
    assert collector(tmp_path).finish() == [(1, {"accuracy": 0.1})]


def test_rounds_of_boosting_are_steps(tmp_path: Path, log: Path) -> None:
    append(log, "[0]\ttrain-size:0.5\taccuracy:0.1\n[10]\ttrain-size:0.4\taccuracy:0.2\n")
    append(log, "20:\tlearn: 0.6\taccuracy: 0.3\ttotal: 47ms\n")
    assert collector(tmp_path).poll() == [
        (0, {"accuracy": 0.1}), (10, {"accuracy": 0.2}), (20, {"accuracy": 0.3}),
    ]  # fmt: skip


BAR = [  # Lightning's, which shows what the epoch before has reached until it has validated anew
    "\rEpoch 0:  50%|██   | 1/2 [00:00<00:00]", "\rEpoch 0: 100%|█████| 2/2 [00:00<00:00, size=9]",
    "\rEpoch 0: 100%|█████| 2/2 [00:00<00:00, size=9, accuracy=0.1]",
    "\rEpoch 1:  50%|██   | 1/2 [00:00<00:00, size=8, accuracy=0.1]",
    "\rEpoch 1: 100%|█████| 2/2 [00:00<00:00, size=7, accuracy=0.1]\n",
    "\rValidation DataLoader 0: 50%|██   | 1/2 [00:00<00:00]\x1b[A",
    "\rEpoch 1: 100%|█████| 2/2 [00:00<00:00, size=7, accuracy=0.2]",
    "\rEpoch 2:  50%|██   | 1/2 [00:00<00:00, size=6, accuracy=0.2]",
    "\rEpoch 2: 100%|█████| 2/2 [00:00<00:00, size=5, accuracy=0.3]", "\ndone\n",
]  # fmt: skip


def test_a_progress_bar_reports_each_step_once_with_its_last_values(
    tmp_path: Path, log: Path
) -> None:
    found: list[Entry] = []
    kept: dict[str, Any] = {}
    for shown in BAR:
        append(log, shown)
        reader = collector(tmp_path)
        reader.restore(kept)
        found += reader.poll()
        kept = json.loads(json.dumps(reader.state()))
    assert found == [(0, {"size": 9.0, "accuracy": 0.1}), (1, {"size": 7.0, "accuracy": 0.2})]
    assert reader.finish() == [(2, {"size": 5.0, "accuracy": 0.3})]


def test_what_is_printed_behind_a_progress_bar_counts_at_once(tmp_path: Path, log: Path) -> None:
    append(log, "\r  5%|     | 1/20 [00:00<00:09, 5it/s]epoch 3: {'accuracy': 0.1}\n")
    assert collector(tmp_path).poll() == [(3, {"accuracy": 0.1})]


def test_what_a_progress_bar_shows_at_the_end_counts(tmp_path: Path, log: Path) -> None:
    append(log, "".join(BAR[:-2]) + "\r")
    assert collector(tmp_path).poll()[-1] == (1, {"size": 7.0, "accuracy": 0.2})
    assert collector(tmp_path).finish()[-1] == (2, {"size": 6.0, "accuracy": 0.2})


def test_a_progress_bar_without_a_step_counts_what_it_shows_once(tmp_path: Path, log: Path) -> None:
    reader, found = collector(tmp_path), []
    for n, value in ((1, "0.1"), (1, "0.1"), (2, "0.2"), (2, "0.2"), (3, "0.3")):
        append(log, f"\r{n}0%|██   | {n}/10 [00:0{n}<00:09, accuracy={value}]")
        found += reader.poll()
    found += reader.finish()
    assert found == [(1, {"accuracy": 0.1}), (2, {"accuracy": 0.2}), (3, {"accuracy": 0.3})]


@pytest.mark.parametrize("turn", [False, True])
def test_a_json_file_of_one_object(tmp_path: Path, *, turn: bool) -> None:
    found = {"train": {"accuracy": 0.99}, "val": {"accuracy": 0.91}, "size": [1, 2]}
    text = json.dumps(dict(reversed(found.items())) if turn else found, indent=2)
    reader = collector(tmp_path, MetricSource("jsonl", "m.json"))
    (tmp_path / "m.json").write_text(text[:-40])
    assert reader.poll() == []  # not all of it is written yet
    (tmp_path / "m.json").write_text(text)
    assert reader.poll() == [(1, {"accuracy": 0.91})]
    assert reader.finish() == []


def test_a_list_of_json_that_is_written_anew_at_each_epoch(tmp_path: Path) -> None:
    curve = [{"accuracy": n / 10} for n in range(1, 4)]
    reader = collector(tmp_path, MetricSource("jsonl", "m.json"))
    told: list[Entry] = []
    for n in range(1, 4):
        (tmp_path / "m.json").write_text(json.dumps(curve[:n], indent=2))
        told += reader.poll()
        state = json.loads(json.dumps(reader.state()))
        reader = collector(tmp_path, MetricSource("jsonl", "m.json"))
        reader.restore(state)
    assert told == [(n, {"accuracy": n / 10}) for n in range(1, 4)]
