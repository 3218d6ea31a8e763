"""Measures what trials that share a machine lose where each starts a thread for every core.

``python benchmarks/thread_share.py [TRIALS] [RECORDINGS]`` computes spectrograms with torch, as a
script does before it trains: in one process alone, in TRIALS (8) at once with the threads that
torch starts by itself, in as many whose threads sleep while they wait for one another, and in as
many with the share of the cores that the runner gives to trials. Takes half a minute on two cores.
"""

import os
import statistics
import subprocess
import sys
from collections.abc import Mapping

from hpo_tui.engine.threads import THREAD_VARIABLES, count_cores, thread_environment

WORK = """
import sys, time, torch
window, filters = torch.hann_window(256), torch.rand(129, 32)
sounds = torch.randn(int(sys.argv[1]), 8000)
sys.stdin.readline()  # all begin at once
began = time.perf_counter()
for sound in sounds:
    power = torch.stft(sound, 256, 252, window=window, return_complex=True).abs() ** 2
    (power.T @ filters + 1e-6).log()
print(time.perf_counter() - began, torch.get_num_threads())
"""


def run(trials: int, recordings: int, environment: Mapping[str, str]) -> tuple[float, int]:
    """Return the median seconds of so many processes at once, and the threads of each."""
    base = {k: v for k, v in os.environ.items() if k not in THREAD_VARIABLES}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WORK, str(recordings)], env=base | dict(environment),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(trials)
    ]  # fmt: skip
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate()[0].split() for process in processes]
    return statistics.median(float(seconds) for seconds, _ in said), int(said[0][1])


def main() -> None:
    """Print the four, and what the share is worth."""
    trials, recordings = (int(w) for w in (*sys.argv[1:], *("8", "300")[len(sys.argv) - 1 :]))
    cores = count_cores()
    alone, all_threads = run(1, recordings, {})
    without, _ = run(trials, recordings, {})
    asleep, _ = run(trials, recordings, {"OMP_WAIT_POLICY": "PASSIVE"})
    shared, threads = run(trials, recordings, thread_environment(max(1, cores // trials)))
    print(f"| {cores} cores, {recordings} recordings | threads of each | seconds |\n|---|---|---|")
    print(f"| one process alone | {all_threads} | {alone:.2f} |")
    print(f"| {trials} at once, as torch starts them | {all_threads} | {without:.2f} |")
    print(f"| the same with OMP_WAIT_POLICY=PASSIVE | {all_threads} | {asleep:.2f} |")
    print(f"| {trials} at once, each with its share | {threads} | {shared:.2f} |")
    print(f"\nThe share makes the {trials} {without / shared:.0f} times as fast.")


if __name__ == "__main__":
    main()
