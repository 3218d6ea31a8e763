"""Every key of the study file, with one line on what it is for.

The reader refuses what is not here, the writer takes its comments from here, and a test holds
``docs/study-file.md`` to it. ``space.*`` stands for each parameter's table, ``task[]`` for each
``[[task]]``.
"""

KEYS: dict[str, dict[str, str]] = {
    "": {
        "study": "what the study is",
        "env": "environment variables of the trials",
        "space": "the parameters that are searched, one table each",
        "objective": "metrics that are optimized",
        "constraint": "metrics that must stay within limits and are not optimized",
        "task": "fidelities at which a configuration can be run",
        "resources": "where and how many trials run at once",
        "metrics": "where the metrics of an unmodified script are found",
        "stopping": "when a running trial is stopped because of its reports",
        "start": "configurations to run first",
        "constraints": "relations between parameters that must hold",
    },
    "study": {
        "name": "the study's name, and the name of its folder",
        "command": "the command that runs one trial; {lr} is replaced by the value of lr",
        "budget": 'full-task units, or "12 gpu-hours", "8h", "100 trials"',
        "resume": "whether the script can continue from a checkpoint",
        "seed": "the same seed and the same results give the same suggestions",
        "repeats": "with how many seeds each finalist is run",
        "cost": '"declared" (the costs of the tasks) or "measured" (learned from durations)',
        "noisy": "whether a repeat gives another result; by default found out",
        "stop_when": 'what ends it early: "goals met" or "goals met by 3 trials"',
        "notify": "a shell line that is run when the study ends, pauses itself or breaks",
        "warm": "modules that are imported once, before the trials",
        "learn_from": "earlier studies of similar problems to learn from",
        "record": "further metrics to keep and show, beside those of the goals",
        "template": "a configuration file that is filled in for each trial",
        "constraints": "relations between parameters that must hold",
    },
    "space.*": {
        "type": "float, int, categorical, ordinal or fixed",
        "low": "the smallest value",
        "high": "the largest value",
        "log": "whether to search on a logarithmic scale",
        "step": "the distance between neighbouring values",
        "choices": "the values of a categorical or ordinal parameter",
        "value": "the value of a fixed parameter",
        "when": "the values of other parameters that make this one active",
        "prior": "where good values are believed to be",
        "default": "the value that trials had before this parameter was added",
    },
    "space.*.prior": {
        "mean": "the middle of a normal prior (log10 units for a log parameter)",
        "sd": "the spread of a normal prior (log10 units for a log parameter)",
        "a": "first shape of a beta prior over the range",
        "b": "second shape of a beta prior over the range",
    },
    "objective[]": {
        "metric": "the metric's name in the reports",
        "direction": "maximize or minimize",
        "threshold": "the goal that must be reached",
        "log": "whether differences are measured on a logarithmic scale",
        "summary": "which report counts as the result: last, min or max",
    },
    "constraint[]": {
        "metric": "the metric's name in the reports",
        "min": "the smallest value that is allowed",
        "max": "the largest value that is allowed",
        "summary": "which report counts as the result: last, min or max",
    },
    "task[]": {
        "name": "the task's name",
        "cost": "its cost; the full task has 1",
    },
    "resources": {
        "gpus": '"all", "none", or a list of indices or UUIDs',
        "gpus_per_trial": "GPUs that one trial uses",
        "trials_per_gpu": '"auto" (packed by measured memory) or a number',
        "busy_gpus": 'GPUs that others use, too: "wait" for them, or "use" the memory that is free',
        "slots": "how many trials run at once where there is no GPU",
        "threads": "CPU threads of a trial (OMP_NUM_THREADS and the like)",
        "nice": "how much trials give way to other processes, 0 to 19",
        "timeout": "how long one trial may take",
        "stall": "a trial that reports nothing for this long is stopped",
        "grace": "time to write a checkpoint between SIGTERM and SIGKILL",
        "checkpoint_quota": "disk space for checkpoints that may still be promoted",
        "failures": "after how many similar failures in a row the study pauses",
    },
    "metrics[]": {
        "kind": "stdout, csv, jsonl, tensorboard or wandb",
        "path": "the file, relative to the trial's folder",
        "pattern": "a regular expression with named groups, for stdout",
        "step": "the name of the step counter",
        "rename": "maps names in the output to metrics",
    },
    "stopping": {
        "enabled": "whether trials may be stopped early",
        "min_step": "the first step at which a trial may be stopped",
        "patience": "a trial is stopped if its chance of ending among the best is lower",
    },
}

ALIASES: dict[str, dict[str, str]] = {
    "study": {
        **dict.fromkeys(("cmd", "script", "run", "program"), "command"),
        **dict.fromkeys(
            ("warm_start", "warm_start_from", "prior_studies", "transfer"), "learn_from"
        ),
        **dict.fromkeys(("trials", "n_trials", "observation_budget", "max_trials"), "budget"),
        **dict.fromkeys(("notification", "on_end", "on_finish", "webhook"), "notify"),
        **dict.fromkeys(("stop", "stop_if", "until", "early_exit"), "stop_when"),
        **dict.fromkeys(("watch", "track", "log", "keep", "metrics", "extra_metrics"), "record"),
    },
    "space.*": {
        **dict.fromkeys(("min", "lower", "minimum", "from", "start"), "low"),
        **dict.fromkeys(("max", "upper", "maximum", "to", "end", "stop"), "high"),
        **dict.fromkeys(("bounds", "range"), "low and high"),
        **dict.fromkeys(
            ("values", "options", "categories", "grid", "categorical_values"), "choices"
        ),
        **dict.fromkeys(("log_scale", "logarithmic", "scale", "transformation"), "log"),
        **dict.fromkeys(("q", "quantum", "increment", "resolution"), "step"),
        **dict.fromkeys(("condition", "conditions", "parent", "if", "active"), "when"),
        **dict.fromkeys(("default_value", "initial"), "default"),
        **dict.fromkeys(("kind", "distribution"), "type"),
    },
    "objective[]": {
        **dict.fromkeys(("goal", "target"), "threshold"),
        **dict.fromkeys(("name", "key"), "metric"),
        **dict.fromkeys(("mode", "strategy", "objective", "optimize"), "direction"),
    },
    "constraint[]": {
        **dict.fromkeys(("name", "key"), "metric"),
        **dict.fromkeys(("high", "upper", "below", "threshold"), "max"),
        **dict.fromkeys(("low", "lower", "above"), "min"),
    },
    "resources": {
        **dict.fromkeys(("jobs", "n_jobs", "parallel", "workers", "concurrency"), "slots"),
        **dict.fromkeys(("gpu", "devices", "cuda"), "gpus"),
    },
}
"""What other programs call a key, for the hint that comes with an unknown one."""

TYPES: dict[str, str] = {
    **dict.fromkeys(("double", "real", "uniform", "continuous", "number"), 'type = "float"'),
    **dict.fromkeys(("integer", "discrete", "randint", "long"), 'type = "int"'),
    **dict.fromkeys(("loguniform", "log", "log_uniform", "logfloat"), 'type = "float", log = true'),
    **dict.fromkeys(("choice", "enum", "category", "str", "string"), 'type = "categorical"'),
    **dict.fromkeys(("bool", "boolean"), 'type = "categorical", choices = [true, false]'),
    **dict.fromkeys(("constant", "const"), 'type = "fixed"'),
}
"""What other programs call a type of parameter, and what to write here."""
