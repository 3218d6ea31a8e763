"""Measures what sharing a GPU is worth: one study, run with one trial at a time and with several.

``python benchmarks/gpu_packing.py [BUDGET]`` runs a study of small networks to its end three times:
one trial on each GPU, as many as the runner decides (``trials_per_gpu = "auto"``), and the same
with a thread for every core in each trial, which is what programs start by themselves. A run that
takes longer than two and a half minutes is ended. Without a GPU it compares one slot with four.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from hpo_tui.engine.execution.devices import DevicePool
from hpo_tui.engine.spec import Resources
from hpo_tui.engine.threads import THREAD_VARIABLES, count_cores
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import TrialState
from hpo_tui.store.read import StudyReader

PATIENCE = 150.0
"""Seconds after which a study is ended, and counts as far as it came."""
SCRIPT = """
import sys, torch
width, rate, epochs = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
device = "cuda" if torch.cuda.is_available() else "cpu"
torch.manual_seed(0)
window = torch.hann_window(256)
sounds = torch.randn(400, 8000)  # prepared on the processor, one by one, as scripts do
x = torch.stack([torch.stft(s, 256, 252, window=window, return_complex=True).abs().mean(1)
                 for s in sounds]).repeat(8, 1).to(device)
y = (x[:, :40].sum(1) > x[:, :40].sum(1).median()).float()
net = torch.nn.Sequential(torch.nn.Linear(x.shape[1], width), torch.nn.ReLU(),
                          torch.nn.Linear(width, 1)).to(device)
optimizer = torch.optim.SGD(net.parameters(), rate, 0.9)
for epoch in range(epochs):
    for part in torch.randperm(len(x), device=device).split(32):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(net(x[part])[:, 0], y[part])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch={epoch + 1} loss={loss.item():.5f}", flush=True)
"""
STUDY = """
[study]
name = "packing"
command = "python train.py {width} {rate} {epochs}"
budget = BUDGET
seed = 1
warm = ["torch"]
[space.width]
type = "int"
low = 16
high = 2048
log = true
[space.rate]
type = "float"
low = 1e-4
high = 0.3
log = true
[[objective]]
metric = "loss"
direction = "minimize"
[[task]]
name = "cheap"
epochs = 10
cost = 0.25
[[task]]
name = "full"
epochs = 40
cost = 1.0
"""


def run(place: Path, name: str, settings: Mapping[str, object]) -> tuple[float, float, int]:
    """Run the study with other resources; return seconds, what was spent and trials that ended."""
    command = [sys.executable, "-m", "hpo_tui", "run", "study.toml", "--headless", "--name", name]
    for key, value in settings.items():
        command += ["--set", f"resources.{key}={value}"]
    environment = {k: v for k, v in os.environ.items() if k not in THREAD_VARIABLES}
    path = f"{Path(sys.executable).parent}:{environment['PATH']}"
    began = time.monotonic()
    process = subprocess.Popen(
        command, cwd=place, env=environment | {"PATH": path}, stdout=subprocess.DEVNULL
    )
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        stop = [sys.executable, "-m", "hpo_tui", "stop", "--kill", name]
        subprocess.run(stop, cwd=place, stdout=subprocess.DEVNULL, check=True)
        process.wait()
    took = time.monotonic() - began
    with StudyReader(StudyFolder(place / ".hpo" / name).db) as reader:
        ended = [t for t in reader.trials() if t.state is TrialState.COMPLETE]
    return took, sum(t.cost for t in ended), len(ended)


def main() -> None:
    """Print a table of the runs."""
    budget = float(sys.argv[1]) if len(sys.argv) > 1 else 6.0
    pool = DevicePool(Resources(), "check", Path(tempfile.gettempdir()) / f"check-{os.getuid()}")
    names = [s.name for s in pool.poll({}).samples]
    pool.close()
    if names[0].startswith("CPU"):
        runs: dict[str, dict[str, object]] = {"one": {"slots": 1}, "four": {"slots": 4}}
    else:
        every = {"trials_per_gpu": "auto", "threads": count_cores()}
        runs = {"one": {"trials_per_gpu": 1}, "auto": {"trials_per_gpu": "auto"}, "threads": every}
    print(f"{', '.join(names)}; {count_cores()} cores\n")
    print("| resources | seconds | trials | units per minute |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as text:
        place = Path(text)
        (place / "train.py").write_text(SCRIPT)
        (place / "study.toml").write_text(STUDY.replace("BUDGET", str(budget)))
        for name, settings in runs.items():
            took, spent, trials = run(place, name, settings)
            said = ", ".join(f"{k} = {v}" for k, v in settings.items())
            print(f"| {said} | {took:.0f} | {trials} | {60 * spent / took:.1f} |", flush=True)


if __name__ == "__main__":
    main()
