"""Ends with an error before any result."""

import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--epochs", type=int, default=4)
args = parser.parse_args()
raise SystemExit("no data found: run prepare.py first")
