"""Everything in a configuration file."""

import argparse
import json
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--config", default="settings.json")
settings = json.loads(Path(parser.parse_args().config).read_text())
for epoch in range(settings["train"]["epochs"]):
    print(
        {"epoch": epoch, "loss": settings["optim"]["lr"] / (epoch + 1)}.__repr__().replace("'", '"')
    )
