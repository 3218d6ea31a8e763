"""Checks on a machine with GPUs what can only be seen there, and measures it.

``python benchmarks/gpu_check.py`` takes about three minutes on one idle GPU and prints a table for
``docs/measurements``. Every trial in it is a real process of a real lease. Without a GPU it says
so, checks what needs none, and exits with 0. The exit status is 1 when a check failed.
"""

import argparse
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from warm_ready import ready

from hpo_tui.engine.execution.devices import DevicePool, Lease, Need
from hpo_tui.engine.execution.failures import classify_failure
from hpo_tui.engine.execution.warm import WarmServer
from hpo_tui.engine.spec import Resources

GIB = 1 << 30
WORK = """
import sys, time
import torch
device, gigabytes, seconds = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
held = torch.empty(int(gigabytes * 2**28), dtype=torch.float32, device=device).fill_(1)
a = torch.randn(256, 256, device=device)
print("ready", time.time(), flush=True)
end, loops = time.time() + seconds, 0
while time.time() < end:
    for _ in range(50):
        a = torch.tanh(a @ a)
    float(a[0, 0])  # waits for the GPU, as printing a loss does
    loops += 1
used = torch.cuda.memory_reserved() if device == "cuda" else 0
print("loops", loops, "reserved", used, flush=True)
"""
RANKS = """
import os, torch, torch.distributed as dist
dist.init_process_group("nccl")
torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
x = torch.ones(1, device="cuda")
dist.all_reduce(x)
if dist.get_rank() == 0:
    print("sum", int(x), "gpus", torch.cuda.device_count(), flush=True)
dist.destroy_process_group()
"""


@dataclass
class Bench:
    """What the checks share, and the table that they fill."""

    place: Path
    device: str = "cuda"
    nvml: Any = None
    rows: list[tuple[str, bool, str]] = field(default_factory=list)
    processes: list["subprocess.Popen[str]"] = field(default_factory=list)

    def pool(self, study: str = "check", **resources: Any) -> DevicePool:
        """Return a pool with leases of its own place, on the first GPU unless said otherwise."""
        settings = Resources(**{"gpus": (0,), **resources})
        return DevicePool(settings, study, self.place / "run", self.nvml)

    def note(self, check: str, ok: bool, figure: str) -> None:
        """Add a line to the table, and show it at once."""
        self.rows.append((check, ok, figure))
        print(f"{'ok    ' if ok else 'FAILED'}  {check:<34}  {figure}", flush=True)

    def start(
        self, environment: Mapping[str, str], gigabytes: float, seconds: float
    ) -> "subprocess.Popen[str]":
        """Start a process that holds memory and computes."""
        script = self.place / "work.py"
        script.write_text(WORK)
        words = [sys.executable, str(script), self.device, str(gigabytes), str(seconds)]
        process = subprocess.Popen(
            words, env={**os.environ, **environment}, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        self.processes.append(process)
        return process

    def trial(self, lease: Lease, gigabytes: float, seconds: float) -> "subprocess.Popen[str]":
        """Start a trial on its lease."""
        process = self.start(lease.environment(), gigabytes, seconds)
        lease.bind(process.pid)
        return process

    def close(self) -> None:
        """End what still runs."""
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


def watch(pool: DevicePool, running: Mapping[int, "subprocess.Popen[str]"]) -> list[float]:
    """Poll as the runner does until all have ended; return what each look took, in seconds."""
    took = []
    while any(p.poll() is None for p in running.values()):
        began = time.perf_counter()
        pool.poll({n: [p.pid] for n, p in running.items()})
        took.append(time.perf_counter() - began)
        time.sleep(0.25)
    return took


def said(process: "subprocess.Popen[str]") -> dict[str, float]:
    """Return the numbers in the last line of a finished worker."""
    text = (process.communicate()[0] or "").split()
    pairs = itertools.pairwise(text)
    return {k: float(v) for k, v in pairs if k in ("ready", "loops", "reserved")}


def settle(pool: DevicePool, need: Need, seconds: float = 20.0) -> Lease | None:
    """Ask until there is room: memory of an ended process is freed a moment later."""
    deadline = time.monotonic() + seconds
    while (lease := pool.acquire(need)) is None and time.monotonic() < deadline:
        time.sleep(0.2)
    return lease


def check_telemetry(bench: Bench) -> None:
    """Compare the measured peak with what the process itself counts."""
    pool = bench.pool()
    lease = settle(pool, Need(trial=1, task="t"))
    if lease is None:
        raise SystemExit(f"The GPU is not free: {pool.waiting_for()}")
    process = bench.trial(lease, 2.0, 4.0)
    took = watch(pool, {1: process})
    reserved = said(process).get("reserved", 0.0)
    extra = (lease.peak - reserved) / 2**20
    ok = reserved >= 2 * GIB and 0 <= extra < 2048
    bench.note("peak memory of a trial", ok, f"{lease.peak / GIB:.2f} GiB, {extra:.0f} MiB context")
    bench.note("utilization", (lease.utilization or 0) > 0.05, f"{lease.utilization or 0:.0%}")
    bench.note("one look", statistics.median(took) < 0.1, f"{statistics.median(took) * 1e3:.1f} ms")
    lease.release()


def check_packing(bench: Bench) -> None:
    """Compare one trial at a time with trials packed by their measured memory."""
    pool, seconds = bench.pool(), 5.0
    rates: dict[int, float] = {}
    for level in (1, 4):
        leases = [settle(pool, Need(trial=n, task="t"), 10.0) for n in range(level)]
        held = [lease for lease in leases if lease is not None]
        running = {x.trial: bench.trial(x, 1.0, seconds) for x in held}
        watch(pool, running)
        loops = [said(p).get("loops", 0.0) for p in running.values()]
        rates[len(held)] = sum(loops) / seconds
        for lease in held:
            pool.learn(lease, "ok", seconds)
            lease.release()
    levels = sorted(rates)
    gain = rates[levels[-1]] / max(rates[1], 1e-9)
    bench.note("admitted after the first peak", levels[-1] == 4, f"{levels[-1]} trials on one GPU")
    bench.note("throughput, packed against alone", gain > 0, f"{gain:.2f} x with {levels[-1]}")


def check_oom(bench: Bench) -> None:
    """See that an out-of-memory is recognized, and that fewer trials are put together then."""
    pool = bench.pool(trials_per_gpu=0)
    first = settle(pool, Need(trial=1, task="t"))
    assert first is not None
    first.peak = GIB  # as if one had ended: what the second one is expected to need
    pool.learn(first, "ok", 1.0)
    second = pool.acquire(Need(trial=2, task="t"))
    total = pool.poll({}).samples[0].memory_total / GIB
    process = bench.trial(second or first, total * 1.1, 1.0)
    text = process.communicate()[0]
    found = classify_failure(process.returncode, text.splitlines())
    pool.learn(second or first, "oom")
    said = found.text[:60] if found else "nothing is"
    bench.note("out of memory is recognized", found is not None and found.kind == "oom", said)
    bench.note("and lowers the limit", pool.packing.limit == 1, f"to {pool.packing.limit}")
    for lease in (first, second):
        if lease is not None:
            lease.release()


def check_foreign(bench: Bench) -> None:
    """See that a process which is no trial keeps trials away, and another study's lease too."""
    pool = bench.pool()
    lease = settle(pool, Need(trial=1))
    assert lease is not None
    other = bench.pool("other")
    refused = other.acquire(Need(trial=1)) is None
    bench.note("another study is kept out", refused, other.waiting_for()[:60])
    uuid = lease.environment()
    lease.release()
    process = bench.start(uuid, 1.0, 60.0)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.5)
    waits = pool.acquire(Need(trial=2)) is None
    bench.note("a foreign process is waited for", waits, pool.waiting_for()[:60])
    process.kill()
    began = time.monotonic()
    again = settle(pool, Need(trial=2))
    took = time.monotonic() - began
    bench.note("and its end is seen", again is not None, f"after {took:.1f} s")
    if again is not None:
        bench.note("lending", "is lent" in pool.lend("0"), pool.lend("0")[:60])
        again.release()
        kept = pool.acquire(Need(trial=3)) is None
        pool.lend("0", on=False)
        back = pool.acquire(Need(trial=3))
        bench.note("lent, then taken back", kept and back is not None, "")
        if back is not None:
            back.release()


def check_warm(bench: Bench) -> None:
    """Use CUDA in a forked trial, and compare the start with a cold one."""
    pool = bench.pool()
    lease = settle(pool, Need(trial=1))
    assert lease is not None
    server = WarmServer(["torch"])
    server.start()
    if not ready(server, 120):
        bench.note("warm parent", False, server.problem)
        return
    first: dict[str, float] = {}
    for kind in ("cold", "warm"):
        folder = bench.place / kind
        folder.mkdir()
        began = time.time()
        if kind == "cold":
            log = bench.trial(lease, 0.1, 0.2).communicate()[0]
        else:
            argv = [sys.executable, str(bench.place / "work.py"), bench.device, "0.1", "0.2"]
            environment = {**os.environ, **lease.environment()}
            server.spawn(argv, environment, folder, folder / "stdout.log", folder)
            deadline = time.monotonic() + 60
            while not (folder / "exit.json").exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            log = (folder / "stdout.log").read_text()
        words = log.split()
        with suppress(ValueError, IndexError):
            first[kind] = float(words[words.index("ready") + 1]) - began
    server.stop()
    lease.release()
    both = len(first) == 2
    figure = f"{first['warm']:.2f} s, cold {first['cold']:.2f} s" if both else log[-200:]
    bench.note("CUDA in a forked trial", both, figure)


def check_several(bench: Bench) -> None:
    """Run one trial on two GPUs under torchrun."""
    pool = bench.pool(gpus="all", gpus_per_trial=2)
    lease = settle(pool, Need(gpus=2, trial=1))
    if lease is None:
        bench.note("two GPUs for one trial", False, pool.waiting_for())
        return
    script = bench.place / "ranks.py"
    script.write_text(RANKS)
    words = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script)]
    done = subprocess.run(
        [sys.executable, *words], env={**os.environ, **lease.environment()}, capture_output=True,
        text=True, timeout=180, check=False,
    )  # fmt: skip
    lease.release()
    bench.note("two GPUs for one trial", "sum 2 gpus 2" in done.stdout, done.stdout.strip())


def check_without_gpu(bench: Bench) -> None:
    """Check what can be seen on any machine."""
    pool = bench.pool(gpus="none", slots=2)
    leases = [pool.acquire(Need(trial=n)) for n in (1, 2, 3)]
    names = ", ".join(x.device for x in leases if x)
    bench.note("CPU slots", [x is None for x in leases] == [False, False, True], names)
    server = WarmServer(["json"])
    server.start()
    warmed = ready(server, 60)
    folder = bench.place / "without"
    folder.mkdir()
    began = time.monotonic()
    argv = [sys.executable, "-m", "json.tool", "--help"]
    server.spawn(argv, dict(os.environ), folder, folder / "stdout.log", folder)
    while not (folder / "exit.json").exists() and time.monotonic() - began < 30:
        time.sleep(0.005)
    ended = (folder / "exit.json").exists()
    bench.note(
        "warm start", warmed and ended, f"{time.monotonic() - began:.2f} s from start to end"
    )
    server.stop()
    found = classify_failure(1, ["torch.OutOfMemoryError: CUDA out of memory."])
    kind = found.kind if found else "nothing"
    bench.note("out of memory is recognized", kind == "oom", kind)


def main() -> None:
    """Run all checks that this machine allows."""
    argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0]).parse_args()
    probe = DevicePool(Resources(), "check", Path(tempfile.gettempdir()) / f"check-{os.getuid()}")
    with tempfile.TemporaryDirectory() as text:
        bench = Bench(Path(text))
        checks: list[Callable[[Bench], None]] = [check_without_gpu]
        samples = [x for x in probe.poll({}).samples if x.device.startswith(("GPU-", "MIG-"))]
        if samples:
            for sample in samples:
                print(f"{sample.name}, {sample.memory_total / GIB:.1f} GiB")
            checks += [check_telemetry, check_packing, check_oom, check_foreign, check_warm]
            checks += [check_several] if len(samples) > 1 else []
        else:
            print(f"No GPU here ({probe.remarks or 'none is visible'}): only what needs none.")
        try:
            for check in checks:
                check(bench)
        finally:
            bench.close()
        raise SystemExit(0 if all(ok for _, ok, _ in bench.rows) else 1)


if __name__ == "__main__":
    main()
