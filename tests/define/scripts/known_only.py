"""Reads what it knows and goes on, as scripts do that share a command line with a launcher."""

import argparse
import time
from pathlib import Path

p = argparse.ArgumentParser()
p.add_argument("--learning_rate", type=float, default=3e-4)
p.add_argument("--max_steps", type=int, default=1000)
args, _ = p.parse_known_args()
time.sleep(5)
Path("trained.txt").write_text("this must not happen while options are looked for")
