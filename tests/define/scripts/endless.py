"""Prints results and never ends; a child of its own goes on too."""

import argparse
import subprocess
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--epochs", type=int, default=1000)
parser.parse_args()
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("child", child.pid, flush=True)
for epoch in range(10**9):
    print(f"epoch {epoch} loss={1 / (epoch + 1)}", flush=True)
    time.sleep(0.05)
