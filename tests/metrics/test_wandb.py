"""Runs of W&B on disk: a file that W&B itself has written, files of the format, damaged ones."""

import base64
import json
import math
import os
import random
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo_tui.engine.execution.metrics.collector import Collector, discover_files
from hpo_tui.engine.execution.metrics.source_files import absent, set_aside
from hpo_tui.engine.spec import MetricSource
from hpo_tui.store.folder import TrialFolder
from tests.metrics.wandb_writer import BLOCK, HEAD, framed, history, summary

# Written by wandb 0.31.0: header, history and summaries of a run that logs three epochs at the
# steps 10, 20 and 30, at the first of them with a page of HTML.
MADE = zlib.decompress(base64.b85decode(
    r"c-"
    r"qxeOHWfl6lU5|nrW#rDTP#pczv({Zs&0ybL)<s3s{gCcGUZn8{5**i&BtH)x^ZOatCqYmYs=fP1FPvF=6AvxN@P!#Dzb=MC"
    r"SsUTLi_#gs?m_=R0%G_kCwdQ|HItKk1lWefw~{1Ej#S41_6lK_$)ks<8$xKm!)B%!rJKiRy9NvQ<tTVym`iYc3<6#w~?gjz"
    r"gI3+SGBVjgnZ_v5Ze%+ITc9YQn-"
    r"0>_y4)b+hJJsB3P%7Wh@S1ptOwm?}r&%Dwy3w*W|`3*TcfjXK@>tUa@pcno!2Gb=^Ywp$>MWff*oqGpDuPDz9kETOnxy@C>"
    r"TGZ2Uosp>kuS)2)~m7+K=<FcdamTfA!VPTi)MDuh^<nUgCg>7tSIcU~J#k3S2k9vN^mEh#|U9vG_QdMh#F=?+timK}#bveg"
    r"`VoI5zaaHrU;xOGLo^3b^S47M;%VHAj+3B_6FN){l1Z(gtg5{8fMqpO!EznD3-B7u%Q-"
    r"v_bR84V*u>mup$420agcu1qN!A3wbr3MONXq{@h+DFafFp`i!Bqw&DzlA-"
    r"h$hSl!E0>xY6~QSxp^1%qlf@$EOSk#oH44M82_|-"
    r"M@W%DH{<(f{i8^G41Sb!J0y`%ECqAxt;^vqbsu<_zJ9*@Z9^ckg>?{>iR^BP?AubCQ+8{)hbIihz)X)4KruWXF-"
    r"1ar461O!&ZMb}HP5g4K@*;9XExu)tfm=E4XItZ{jq;jjC2gW0{^q_A<`qX&E0rYc`zu(>S_CX3t5<f2}?X2Zi=i1Ypa`BWT"
    r"Ez~L3j!#95*bNTap%}5*d-"
    r"2QfWzAluDy?dHKvh{#|IC+<}erdZoA+B6<&uc>IN*ejyO~!czddBf9*~Cf%3K?w{%jG3j5({iCe9*hId26B&+*OkrPC9w_A"
    r"DoMNULQy(UWUW!rr(DS1{im=we4?DH>js"
))  # fmt: skip
PLACE = "wandb/offline-run-20260102_030405-abc/run-abc.wandb"
NAMES = ["val/acc", "nested.b.c.d", "loss", "best", "deep.y.z", "ok", "name", "img.size"]


def collector(folder: Path, *names: str, **said: Any) -> Collector:
    return Collector([MetricSource("wandb", **said)], TrialFolder(folder), names or NAMES)


def written(folder: Path, data: bytes, place: str = PLACE) -> Path:
    path = folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_a_run_that_wandb_wrote_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, MADE)
    found = collector(tmp_path).finish()
    assert [step for step, _ in found] == [0, 1, 2]
    assert [m["val/acc"] for _, m in found] == [0.5, 0.75, 1.0]
    assert math.isnan(found[0][1]["loss"])
    assert [m["loss"] for _, m in found[1:]] == [math.inf, 0.25]
    assert found[0][1].keys() == {"val/acc", "nested.b.c.d", "loss"}  # no text, no part of a page
    assert found[2][1] | {"best": 1.5, "deep.y.z": -2.0} == found[2][1]
    for said in ("wandb/*/*.wandb", str(Path(PLACE).parent), PLACE, "."):
        assert len(collector(tmp_path, "val/acc", path=said).finish()) == 3
    assert path.parent.parent.joinpath("latest-run").symlink_to(path.parent.name) is None
    assert len(collector(tmp_path).finish()) == 3


def test_steps_are_those_that_are_asked_for(tmp_path: Path) -> None:
    written(tmp_path, MADE)
    own = collector(tmp_path, "val/acc", step="_step").finish()
    assert own == [(10, {"val/acc": 0.5}), (20, {"val/acc": 0.75}), (30, {"val/acc": 1.0})]
    named = collector(tmp_path, "val/acc", step="nested.a").finish()
    assert [step for step, _ in named] == [0, 1, 2]


def test_an_epoch_is_found_by_its_last_word(tmp_path: Path) -> None:
    records = [history({"eval/loss": 2.0, "train/epoch": 3.0}, 500), history({"eval/loss": 1}, 600)]
    written(tmp_path, HEAD + framed(records))
    assert collector(tmp_path, "eval/loss").finish() == [
        (3, {"eval/loss": 2.0}), (600, {"eval/loss": 1.0}),
    ]  # fmt: skip


def test_what_only_a_summary_holds_is_reported_once_at_the_end(tmp_path: Path) -> None:
    records = [
        summary({"loss": 9.0}), history({"loss": 0.5}, 4), summary({"best": 1.0}),
        summary({"best": 0.25}),
    ]  # fmt: skip
    written(tmp_path, HEAD + framed(records))
    reader = collector(tmp_path)
    assert reader.poll() == [(4, {"loss": 0.5})]
    again = collector(tmp_path)
    again.restore(json.loads(json.dumps(reader.state())))
    assert again.finish() == [(4, {"best": 0.25})]
    assert again.finish() == []


def test_another_attempt_does_not_read_what_the_first_has_logged(tmp_path: Path) -> None:
    first = written(tmp_path, MADE)
    set_aside(tmp_path, MetricSource("wandb"), 1)
    assert not first.exists()
    assert first.with_name("run-abc.wandb.attempt1").read_bytes() == MADE
    assert collector(tmp_path).finish() == []
    second = "wandb/run-20260102_040405-abd/run-abd.wandb"
    written(tmp_path, HEAD + framed([history({"loss": 0.5}, 0)]), second)
    assert collector(tmp_path).finish() == [(0, {"loss": 0.5})]


def test_places_where_nothing_was_written_are_known(tmp_path: Path) -> None:
    csv, board = MetricSource("csv", "*.csv"), MetricSource("tensorboard", "logs")
    every = [MetricSource(), MetricSource("wandb"), csv, board]
    assert absent(tmp_path, every) == ["wandb", "*.csv", "logs"]
    (tmp_path / "wandb").mkdir()
    (tmp_path / "a.csv").touch()
    assert absent(tmp_path, every) == ["wandb", "logs"]
    written(tmp_path, MADE)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "events.out.tfevents.1").touch()
    assert absent(tmp_path, every) == []


@pytest.mark.parametrize("path", ["wandb", "wandb/*"])
def test_of_several_runs_what_was_written_last_is_the_result(tmp_path: Path, path: str) -> None:
    """Folds of a second each, and their mean: the names of such runs are in no order."""
    for n, name in enumerate(("zz", "mm", "aa")):
        place = f"wandb/offline-run-20260102_030405-{name}/run-{name}.wandb"
        file = written(tmp_path, HEAD + framed([history({"loss": n, "epoch": 9 - n}, 0)]), place)
        os.utime(file, (1e9 + n, 1e9 + n))
    found = collector(tmp_path, "loss", path=path).finish()
    assert found == [(9, {"loss": 0.0}), (8, {"loss": 1.0}), (7, {"loss": 2.0})]


def test_skipping_leaves_out_what_is_there_with_its_summary(tmp_path: Path) -> None:
    path = written(tmp_path, MADE)
    reader = collector(tmp_path)
    reader.skip()
    assert reader.finish() == []
    path.write_bytes(MADE + framed([history({"loss": 1.0}, 7)], len(MADE)))
    assert reader.finish() == [(7, {"loss": 1.0})]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.integers(0, 70000), min_size=1, max_size=5))
def test_a_file_is_read_once_however_it_grows(
    tmp_path_factory: pytest.TempPathFactory, seed: int, sizes: list[int]
) -> None:
    """Records of all sizes, so that they span blocks and end where no head fits behind them."""
    folder, rng = tmp_path_factory.mktemp("grows"), random.Random(seed)
    records = [history({"text": "x" * size, "loss": n}, n) for n, size in enumerate(sizes)]
    data = HEAD + framed(records)
    records.append(history({"loss": -1}, 99))  # one that fills a block to few bytes before its end
    data += framed([history({"text": "y" * (BLOCK - len(data) % BLOCK - 60)}, 98)], len(data))
    data += framed(records[-1:], len(data))
    reader, found = collector(folder, "loss"), []
    for end in sorted([*(rng.randrange(len(data)) for _ in range(12)), len(data)]):
        written(folder, data[:end])
        found += reader.poll()
        again = collector(folder, "loss")  # another runner goes on from the state at any byte
        again.restore(json.loads(json.dumps(reader.state())))
        reader = again
    found += reader.finish()
    assert found == [(n, {"loss": float(n)}) for n in range(len(sizes))] + [(99, {"loss": -1.0})]


def test_a_poll_is_bounded(tmp_path: Path) -> None:
    records = [history({"loss": n, "text": "x" * 1000}, n) for n in range(2500)]
    written(tmp_path, HEAD + framed(records))
    reader = collector(tmp_path)
    assert 500 < len(reader.poll()) < 1500
    assert len(reader.finish()) > 1000


@pytest.mark.parametrize(
    "garbage",
    [b"", b":W&", b"\0" * 500, b"\xff" * 50000, b"not a run at all"],
    ids=["empty", "cut", "zeros", "ones", "text"],
)
def test_garbage_gives_nothing(tmp_path: Path, garbage: bytes) -> None:
    written(tmp_path, garbage)
    assert collector(tmp_path).finish() == []
    written(tmp_path, HEAD + garbage)
    assert collector(tmp_path).finish() == []


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_file_loses_what_is_damaged_alone(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """A byte that is wrong costs one record, or the rest of a block where it is a length."""
    records = [history({"loss": n, "text": "x" * 3000}, n) for n in range(40)]
    whole = bytearray(HEAD + framed(records))
    at = data.draw(st.integers(len(HEAD), len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    folder = tmp_path_factory.mktemp("damaged")
    written(folder, bytes(whole))
    steps = {step for step, _ in collector(folder, "loss").finish()}
    ends = [len(HEAD)]
    for record in records:
        ends.append(ends[-1] + len(framed([record], ends[-1])))
    block = at // BLOCK
    spared = {n for n in range(40) if ends[n + 1] <= block * BLOCK}
    spared |= {n for n in range(40) if ends[n] > (block + 1) * BLOCK}
    assert spared <= steps <= set(range(40))


def test_a_record_whose_end_never_came_is_passed_over(tmp_path: Path) -> None:
    cut = HEAD + framed([history({"loss": 1.0, "text": "x" * 2 * BLOCK}, 1)])[:-40]
    cut = cut[: len(cut) // BLOCK * BLOCK]  # where a first and a middle piece end
    written(tmp_path, cut + framed([history({"loss": 2.0}, 2)], len(cut)))
    assert collector(tmp_path).finish() == [(2, {"loss": 2.0})]


def test_runs_are_found_where_nobody_has_said_what_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, MADE)
    (path.parent / "files").mkdir()
    (path.parent / "files" / "wandb-summary.json").write_text('{"loss": 1}')
    found = discover_files(tmp_path, set())
    assert found.keys() == {("wandb", "wandb")}
    assert found["wandb", "wandb"]["val/acc"] == 1.0
    assert not any(name.startswith("_") for name in found["wandb", "wandb"])
