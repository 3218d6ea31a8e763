"""What applies where a key of the study file is not set, as the form shows it in its place."""

_NO_LIMIT = "no limit"

DEFAULTS: dict[str, dict[str, str]] = {
    "study": {
        "resume": "no", "seed": "0", "repeats": "1", "cost": "declared",
        "noisy": "found out from repeats", "stop_when": "only the budget ends it",
        "notify": "nobody is told", "warm": "none", "learn_from": "none", "template": "none",
        "record": "none", "constraints": "none",
    },
    "space.*": {
        "log": "no", "step": "none", "when": "always active", "prior": "none", "default": "none"
    },
    "objective[]": {"threshold": "no goal", "log": "no", "summary": "last"},
    "constraint[]": {"min": _NO_LIMIT, "max": _NO_LIMIT, "summary": "last"},
    "resources": {
        "gpus": "all", "gpus_per_trial": "1", "trials_per_gpu": "auto", "busy_gpus": "wait",
        "slots": "1", "threads": "an equal share of the cores", "nice": "0",
        "timeout": _NO_LIMIT, "stall": _NO_LIMIT, "grace": "30s",
        "checkpoint_quota": _NO_LIMIT, "failures": "5",
    },
    "stopping": {"enabled": "yes", "min_step": "3", "patience": "0.05"},
}  # fmt: skip
"""Section as the schema names it → key → what is typed to set the same, or what happens, in words.

What is missing here has to be set.
"""
