"""TensorBoard event files: one that TensorBoard's own writer made, and damaged ones."""

import base64
import struct
import zlib
from pathlib import Path

import pytest

from hpo_tui.engine.execution.metrics.collector import Collector
from hpo_tui.engine.execution.metrics.event_files import masked_crc
from hpo_tui.engine.spec import MetricSource
from hpo_tui.store.folder import TrialFolder

# Written by torch.utils.tensorboard 2.13 with tensorboard 2.21: three steps of a scalar as
# ``simple_value`` and one as tensor, and a text.
MADE = zlib.decompress(base64.b85decode(
    r"c-r$|fPjCKJmzvf+RV9I=in_zDc+=_#LPTB*Rs^S5-X!1JuaP+)V$*SqNM!9q7=R2(%js{qDsB;qRf)iBE3|Qs`#"
    r"|boYZ)T$b)acq7|U#YQ9|=z-h?91vXbpluMY4rz|l?KQTGEv?wvTQWU7fKK;U+sajC=>v|`C<qTzns+Z@I<zmUnF"
    r"D`cC;9%5ZVPI&m_u}T_<YF&QPRvOxDxS$H)2sy5Ss`fqm$MzJQ-BexT@Ln4cU%AKKy`dscgB_TB0>j-Z49Wkxxbj"
    r"mjAGk2m|iBVwl&xb-zu?2u}y^ut^?C=b||)e6n|W03)P$8`SA_s4uoC<E<G;6y!?_>{gTv*l6Yu@IPr6^3$X|>aW"
    r"FcuW~Aoi<a=>&v2n40lw7Wu*9!mv@{6<"
))  # fmt: skip
EXPECTED = [
    (0, {"accuracy": 0.5, "loss": 1.0}),
    (1, {"accuracy": 0.75, "loss": 0.5}),
    (2, {"accuracy": 1.0, "loss": 0.25}),
]


def collector(folder: Path, path: str = "runs", step: str | None = None) -> Collector:
    source = MetricSource("tensorboard", path, step=step, rename={"val/accuracy": "accuracy"})
    return Collector([source], TrialFolder(folder), ["accuracy", "loss"])


def record(step: int, tag: str, value: float) -> bytes:
    """A scalar as TensorBoard's writer puts it into a file: each in a record of its own."""

    def field(number: int, data: bytes) -> bytes:
        return bytes([number << 3 | 2, len(data)]) + data

    scalar = field(1, tag.encode()) + b"\x15" + struct.pack("<f", value)
    data = b"\x10" + bytes([step]) + field(5, field(1, scalar))
    head = struct.pack("<Q", len(data))
    crcs = (struct.pack("<I", masked_crc(x)) for x in (head, data))
    return head + next(crcs) + data + next(crcs)


@pytest.fixture
def events(tmp_path: Path) -> Path:
    path = tmp_path / "runs" / "a" / "events.out.tfevents.1.host"
    path.parent.mkdir(parents=True)
    return path


def test_scalars_of_a_real_file_are_read(tmp_path: Path, events: Path) -> None:
    events.write_bytes(MADE)
    assert collector(tmp_path).finish() == EXPECTED
    assert collector(tmp_path, "runs/a/events.out.tfevents.1.host").finish() == EXPECTED
    assert collector(tmp_path, "runs/*/*tfevents*").finish() == EXPECTED


def test_a_file_that_grows_byte_by_byte_is_read_once(tmp_path: Path, events: Path) -> None:
    reader, found = collector(tmp_path), {}
    for end in range(0, len(MADE) + 1, 7):
        events.write_bytes(MADE[:end])
        for step, metrics in reader.poll():
            for name, value in metrics.items():
                assert (step, name) not in found
                found[step, name] = value
        again = collector(tmp_path)  # another runner goes on from the state at any byte
        again.restore(reader.state())
        reader = again
    events.write_bytes(MADE)
    found |= {(s, n): v for s, m in reader.finish() for n, v in m.items()}
    assert found == {(s, n): v for s, m in EXPECTED for n, v in m.items()}


def test_a_damaged_record_is_passed_over(tmp_path: Path, events: Path) -> None:
    at = MADE.index(b"val/accuracy") + 14
    events.write_bytes(MADE[:at] + b"\xff" + MADE[at + 1 :])
    assert collector(tmp_path).finish() == [(0, {"loss": 1.0}), *EXPECTED[1:]]


@pytest.mark.parametrize("garbage", [b"", b"\0" * 5, b"\0" * 500, b"\xff" * 500, b"not events"])
def test_garbage_gives_nothing(tmp_path: Path, events: Path, garbage: bytes) -> None:
    events.write_bytes(garbage)
    reader = collector(tmp_path)
    assert reader.poll() == []
    assert reader.finish() == []


def test_a_record_of_garbage_with_right_checksums_gives_nothing(
    tmp_path: Path, events: Path
) -> None:
    data = bytes(range(7, 60))
    head = struct.pack("<Q", len(data))
    record = head + struct.pack("<I", masked_crc(head)) + data + struct.pack("<I", masked_crc(data))
    events.write_bytes(record + MADE)
    assert collector(tmp_path).finish() == EXPECTED


def test_the_checksum_is_that_of_the_standard() -> None:
    crc = (masked_crc(b"123456789") - 0xA282EAD8) & 0xFFFFFFFF
    assert ((crc >> 17) | (crc << 15)) & 0xFFFFFFFF == 0xE3069283  # RFC 3720, CRC-32C check value


BATCHES = [
    record(step, tag, value)
    for step, epoch in ((25, 0), (50, 1), (75, 2))
    for tag, value in (("accuracy", step / 100), ("loss", 1.0), ("epoch", epoch))
]


def test_a_file_that_has_the_epoch_is_counted_by_it(tmp_path: Path, events: Path) -> None:
    events.write_bytes(b"".join(BATCHES))
    found = [(n, {"accuracy": 0.25 * (n + 1), "loss": 1.0}) for n in range(3)]
    assert collector(tmp_path).finish() == found
    own = [(25 * (n + 1), metrics) for n, metrics in found]
    assert collector(tmp_path, step="global_step").finish() == own


def test_what_is_written_of_a_step_is_waited_for(tmp_path: Path, events: Path) -> None:
    reader, found = collector(tmp_path), []
    for part in BATCHES:
        with events.open("ab") as file:
            file.write(part)
        found += reader.poll()
        kept, reader = reader.state(), collector(tmp_path)
        reader.restore(kept)
    assert found == [(0, {"accuracy": 0.25, "loss": 1.0}), (1, {"accuracy": 0.5, "loss": 1.0})]
    assert reader.poll() == []
    assert reader.poll() == [(2, {"accuracy": 0.75, "loss": 1.0})]  # nothing has come behind it
    assert reader.finish() == []
