"""Which metrics a script prints, and which way each is better."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hpo_tui.engine.spec import Direction, MetricSource

_UP = re.compile(
    r"(^|[^a-z])(acc\w*|accuracy|auc|auroc|auprc|ap|map|f1\w*|f_?score|precision|recall|r2|iou|miou|"
    r"dice|bleu|rouge\w*|rew\w*|return|score|top_?[15]|hit\w*|ndcg|mrr|psnr|ssim|success\w*|"
    r"throughput|correct|kappa|mcc|elbo|likelihood)([^a-z]|$)"
)
_DOWN = re.compile(
    r"loss|err|error|mse|rmse|mae|mape|nll|perplexity|logloss|log_loss|time|latency|seconds|"
    r"duration|memory|params|parameters|weights|size|flops|bits|regret|brier|"
    r"(?<![a-z])(ppl|wer|cer|fid|bpc|kl|kld|ece)(?![a-z])"
)
_NOT_A_METRIC = re.compile(
    r"(global_)?((time)?steps?|epochs?|episodes?|folds?|iter|iters?|iterations?|batch|batch_?size|"
    r"lr|learning_rate|seed|eta|round|rank|world_size|.*loss_(weight|coef|scale|ratio|alpha)|num_.*|n_.*|total|it|s|device|"
    r"gpu|port|pid|version|date|hour|min|sec)"
)
_VARIABLE = re.compile(r"(HYDRA|CUDA|TORCH|PYTORCH|NCCL|OMP|TF|XLA|JAX|HF|WANDB)_[A-Z0-9_]+")
"""Variables of the environment, which errors advise to set: ``HYDRA_FULL_ERROR=1``."""
_COST = re.compile(r"time|latency|sec|duration|memory|size|param|weights|grad|flops")
_MEAN = re.compile(r"(?<![a-z])(mean|average|avg|overall)(?![a-z])(?!_(squared|absolute|sq|abs))")
"""What says that a number sums up others that are printed too: those of folds, or of episodes."""
_BEST = re.compile(r"(?<![a-z])best(?![a-z])")
"""What says that a number is the best of others that are printed too, those of the epochs."""
_SPREAD = re.compile(r"(?<![a-z])(std|stdev|sd|sem|stderr|variance)(?![a-z])")
_HELD_OUT = re.compile(r"val|valid|validation|test|dev|eval|holdout|held")
_SET = re.compile(r"val|valid|validation|dev|eval|test")
_VALIDATION = re.compile(r"val|dev", re.IGNORECASE)
_TEST = re.compile(r"(?<![a-z])test", re.IGNORECASE)
_MARK = r"-?\d+\.?\d*(?:e-?\d+)?"
_ROW = re.compile(rf"[|│]\s*([A-Za-z][\w/.@-]*)\s*[|│]\s*({_MARK})\s*[|│]")
_SENTENCE = re.compile(
    r"\b(accuracy|auc|f1|score|loss|error|perplexity|reward|return|bleu|mse|mae|rmse)\b"
    rf"((?: [\w-]+){{1,9}})\s*[:=]\s*{_MARK}",
    re.IGNORECASE,
)
_LONGEST = 500
"""Characters of a line that is looked at: metrics stand in short ones."""


@dataclass(frozen=True, slots=True)
class Printed:
    """The metrics that a run printed, with the last value of each, and where to find them.

    ``run``: whether they were seen in one, and do not stand in the source alone. ``each_epoch``:
    names of which trials read what is held out, epoch by epoch, though they do not say so.
    """

    values: Mapping[str, float]
    sources: tuple[MetricSource, ...] = (MetricSource(),)
    run: bool = True
    each_epoch: frozenset[str] = frozenset()

    def ranked(self) -> list[str]:
        """Return the names, the most likely objective first.

        Where there is validation, that of a test is left for the end of the work.
        """
        names = list(self.values)
        validated = any(map(_VALIDATION.search, names))

        def key(name: str) -> tuple[bool, int, bool, int]:
            last = validated and _TEST.search(name) is not None
            points = likely(name) + (4 if self._is_score(name) else 0)
            points += 3 if name in self.each_epoch else 0  # as if it said what it is of
            return last, -points, self.direction(name) is None, names.index(name)

        return sorted(names, key=key)

    def direction(self, name: str) -> Direction | None:
        """Return which way a metric is better, by its name and by what is printed beside it."""
        return Direction.MAXIMIZE if self._is_score(name) else direction_of(name)

    def _is_score(self, name: str) -> bool:
        """Whether a name says no more than the set: ``Loss: 0.5, Train: 0.9, Val: 0.8, Test: 0.8``.

        Beside the loss and the same of the training it is no loss.
        """
        beside = {n.lower() for n in self.values}
        return _SET.fullmatch(name.lower()) is not None and {"loss", "train"} <= beside


def direction_of(metric: str) -> Direction | None:
    """Return which way a metric is better, by its name; None where the name does not tell."""
    name = re.sub(r"([a-z])([A-Z])", r"\1_\2", metric).lower()
    if _DOWN.search(name):
        return Direction.MINIMIZE
    return Direction.MAXIMIZE if _UP.search(name) else None


def likely(metric: str) -> int:
    """Return how likely a study is about a metric: held-out before training, scores first."""
    name = metric.lower()
    direction = direction_of(metric)
    points = 0 if direction is None else 2
    points += 3 if _HELD_OUT.search(name) else 0
    points += 2 if direction is Direction.MAXIMIZE else 0
    points -= 3 if re.search(r"train", name) else 0
    points -= 4 if is_cost(name) else 0
    points -= 4 if _SPREAD.search(name) else 0
    points += 1 if _MEAN.search(name) else 0
    points -= 1 if _BEST.search(name) else 0
    return points + (1 if re.search(r"acc|auc|f1|loss|reward", name) else 0)


def of_what_best(name: str) -> str:
    """Return what a ``Best_val_Acc`` is the best of, in lower case: ``acc``; else nothing."""
    words = re.split(r"[\W_]+", name.lower())
    bare = "_".join(w for w in words if w != "best" and not _SET.fullmatch(w))
    return bare if "best" in words else ""


def is_cost(metric: str) -> bool:
    """Whether a name tells of what a run takes, or of how large something is."""
    return _COST.search(metric.lower()) is not None


def is_metric(name: str) -> bool:
    """Whether a printed name can be a metric and not a counter or a setting."""
    return not (_NOT_A_METRIC.fullmatch(name.lower()) or _VARIABLE.fullmatch(name))


def read_output(lines: Sequence[str], seen: Mapping[str, Sequence[float]]) -> Printed:
    """Return the metrics of an output, given what the engine's own parser found in it.

    Where counts give an accuracy (``Test set: Average loss: 0.05, Accuracy: 9832/10000 (98%)``), a
    pattern is proposed as the source, which names the set; where a sentence has a better metric
    than all else (``Accuracy of the network on 10000 images: 97 %``), as a further one.
    """
    values = {n: v[-1] for n, v in seen.items() if v and is_metric(n)}
    pattern = _counted_pattern(lines)
    if pattern is not None:
        return Printed(_matches(pattern, lines), (MetricSource(pattern=pattern),))
    for line in lines:
        row = _ROW.fullmatch(line.strip()) if len(line) < 200 else None
        if row and is_metric(row.group(1)):
            values.setdefault(row.group(1), float(row.group(2)))
    best = max(map(likely, values), default=0)
    sentence = _sentence_pattern(lines)
    told = _matches(sentence, lines) if sentence else {}
    if sentence and told and max(map(likely, told)) > best:
        return Printed({**told, **values}, (MetricSource(), MetricSource(pattern=sentence)))
    return Printed(values)


def _matches(pattern: str, lines: Sequence[str]) -> dict[str, float]:
    """Return the last value of each group of a pattern."""
    found: dict[str, float] = {}
    for line in lines:
        match = re.search(pattern, line) if len(line) <= _LONGEST else None
        found.update({n: _value(t) for n, t in match.groupdict().items()} if match else {})
    return found


def _value(text: str) -> float:
    """Return the number that a group has matched: of a count, ``98/100``, the share."""
    part, over, whole = text.partition("/")
    return float(part) / max(float(whole), 1.0) if over else float(part)


def _sentence_pattern(lines: Sequence[str]) -> str | None:
    """Return a pattern for ``Accuracy of the network on the 10000 test images: 97 %``."""
    for line in reversed(lines):
        found = _SENTENCE.search(line) if len(line) <= _LONGEST else None
        if found is None:
            continue
        word, between = found.group(1), found.group(2)
        held = re.search(r"\b(test|val|valid|validation|eval)", line, re.IGNORECASE)
        name = f"{held.group(1).lower()}_{word.lower()}" if held else word.lower()
        if _MEAN.search(f"{line[: found.start()]} {between}".lower()):
            name = f"mean_{name}"  # else it would have the name of what it sums up
        label = re.sub(r"\d+", r"\\d+", re.escape(f"{word}{between}").replace(r"\ ", " "))
        return rf"{label}\s*[:=]\s*(?P<{name}>{_MARK})"
    return None


def _counted_pattern(lines: Sequence[str]) -> str | None:
    """Return a pattern for lines such as ``Average loss: 0.05, Accuracy: 9832/10000 (98%)``."""
    counted = re.compile(rf"([A-Za-z][\w ]*?):?\s*\d+/\d+\s*\({_MARK}%\)")
    for line in reversed(lines):
        if len(line) > _LONGEST or "%)" not in line:
            continue
        found = counted.search(line)
        if found is None or is_progress(line):
            continue
        label = found.group(1).strip()
        prefix = "test_" if re.match(r"\s*test", line, re.IGNORECASE) else ""
        name = re.sub(r"\W+", "_", label).lower()
        # Not the percentage, which may have no decimals: all that is close would be the same.
        pattern = rf"{re.escape(label)}:?\s*(?P<{prefix}{name}>\d+/\d+)\s*\("
        loss = re.search(rf"([A-Za-z ]*loss):\s*({_MARK})", line, re.IGNORECASE)
        if loss and loss.end() <= found.start():
            label = loss.group(1).strip()
            pattern = rf"{re.escape(label)}:\s*(?P<{prefix}loss>{_MARK}).*?{pattern}"
        return pattern.replace(r"\ ", " ")
    return None


def is_progress(line: str) -> bool:
    """Whether a line is a progress report such as ``Train Epoch: 1 [640/60000 (1%)]``."""
    return re.search(r"\[\s*\d+/\d+\s*\(", line) is not None or "it/s" in line
