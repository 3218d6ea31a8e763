"""Study files that the tests of this area share."""

import pytest

FULL_TEXT = """\
# A study with nearly everything.
[study]
name = "sparse-speech"          # its folder
command = "python train.py --lr {lr} --momentum {momentum} --epochs {epochs} {?amp:--amp}"
budget = 40                     # full-task units
resume = true
constraints = ["warmup_end > warmup_start"]

[env]
OMP_NUM_THREADS = 1

# The learning rate matters most.
[space.lr]
type = "float"
low = 1e-4
high = 1e-1
log = true

[space.optimizer]
type = "categorical"
choices = ["sgd", "adam"]

[space.momentum]
type = "float"
low = 0.0
high = 0.99
when = { optimizer = ["sgd"] }   # conditional

[space.warmup_start]
type = "float"
low = 0.0
high = 1.0

[space.warmup_end]
type = "float"
low = 0.0
high = 1.0

[space.width]
type = "int"
low = 16
high = 256
step = 16

[space.depth]
type = "ordinal"
choices = [1, 2, 4]

[space.amp]
type = "categorical"
choices = [true, false]

[[objective]]
metric = "accuracy"
direction = "maximize"
threshold = 0.965

[[objective]]
metric = "weights"
direction = "minimize"
threshold = 20000
log = true

[[constraint]]
metric = "latency_ms"
max = 8

[[task]]
name = "15 epochs"
epochs = 15
cost = 0.25

[[task]]
name = "30 epochs"
epochs = 30
cost = 0.5

[[task]]
name = "60 epochs"
epochs = 60
cost = 1.0

[resources]
gpus = "all"                     # or [0, 1], or "none"
slots = 2
timeout = "2h"
"""

SMALL_TEXT = """\
[study]
name = "small"
command = "python train.py --lr {lr}"
budget = 10

[space.lr]
type = "float"
low = 0.001
high = 0.1
log = true

[[objective]]
metric = "loss"
direction = "minimize"
"""


@pytest.fixture
def full_text() -> str:
    return FULL_TEXT


@pytest.fixture
def small_text() -> str:
    return SMALL_TEXT
