"""Why a trial failed, recognized early from its exit and its last lines."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from signal import SIGKILL
from typing import Literal

CauseKind = Literal["oom", "host_oom", "nan", "device"]
"""Why a trial failed. ``oom``: of GPU memory; ``device``: the machine's fault."""
EndKind = (
    CauseKind
    | Literal["ok", "pruned", "killed", "lost", "timeout", "stall", "crash", "checkpoint"]
    | Literal["missing", "command", "unread"]
)
"""How a trial ended. ``lost``: by nothing that it did, as its machine goes down; ``checkpoint``: a
crash for which what was saved may be to blame; ``missing``: without a result; ``command``: that
could not be started; ``unread``: what it reported could not be read."""

GPU_OOM = re.compile(
    r"CUDA out of memory|torch\.(?:cuda\.)?OutOfMemoryError|CUDA error: out of memory"
    r"|CUDA_ERROR_OUT_OF_MEMORY|cudaErrorMemoryAllocation|CUBLAS_STATUS_ALLOC_FAILED"
    r"|CUDNN_STATUS_ALLOC_FAILED|cudaMalloc failed: out of memory|HIP out of memory"
    r"|RESOURCE_EXHAUSTED: .*(?:memory|allocat)|ResourceExhaustedError|OOM when allocating tensor"
    r"|failed to allocate .* on (?:the )?(?:device|GPU)"
    r"|bad_alloc: (?:CUDA|cudaErrorMemory|out_of_mem)"
    r"|rmm::(?:out_of_memory|bad_alloc)|XGBoostError:.*(?:out of memory|bad allocation|bad_alloc)"
    r"|MPS backend out of memory|NCCL .*out of memory|Failed to CUDA calloc",
    re.IGNORECASE,
)
HOST_OOM = re.compile(
    r"(?:^|\b)MemoryError\b|Unable to allocate .* for an array|std::bad_alloc"
    r"|DefaultCPUAllocator: can't allocate memory|Cannot allocate memory|oom-kill",
    re.IGNORECASE | re.MULTILINE,
)
PART_KILLED = re.compile(
    r"is killed by signal: Killed|Signal 9 \(SIGKILL\)|terminated with signal SIGKILL"
    r"|SIGKILL\(-9\)|died with <Signals\.SIGKILL|exitcode\s*: -9\b|return code = -9\b"
)
"""What data loaders, process pools and launchers say of a process of theirs that SIGKILL ended."""
MACHINE = re.compile(
    r"GPU is lost|fallen off the bus|Unable to determine the device handle|uncorrectable ECC error"
    r"|CUDA error: (?:no CUDA-capable device|all CUDA-capable devices are busy"
    r"|initialization error|the launch timed out|unspecified launch failure)"
    r"|CUDA driver version is insufficient|No space left on device|Bus error"
    r"|NCCL (?:error|WARN).*(?:unhandled|system error)|Disk quota exceeded|Input/output error"
    r"|Read-only file system|Stale file handle|Transport endpoint is not connected"
    r"|Remote I/O error|Resource temporarily unavailable|can't start new thread|Cannot fork",
    re.IGNORECASE,
)
UNWRITTEN = re.compile(
    r"inline_container\.cc.*unexpected pos|PytorchStreamWriter failed writing"
    r"|basic_ios::clear: iostream error"
)
"""What ``torch.save`` says where there is no more room: the error of the system is not named."""
DIVERGED = re.compile(
    r"(?:loss|gradient|grad|value|metric|weight|output|input|prediction)s?\b[^\n]{0,40}"
    r"\b(?:is|are|became|contains?|was|=|:)\s*(?:a |an )?(?:nan|inf(?:inity)?)\b"
    r"|Input (?:X |y )?contains (?:NaN|infinity)|NaN (?:loss|detected|encountered)"
    r"|FloatingPointError"
    r"|(?:training|loss) (?:has )?diverged|non-finite",
    re.IGNORECASE,
)
_BEST = re.compile(r"\b(?:best|lowest|highest|min|max)", re.IGNORECASE)
_TRACEBACK = "Traceback (most recent call last)"
_RANK = re.compile(r"^\[[^\]]*\]: ?")
"""How torchrun and others begin each line of a process: ``[rank0]: ``."""
_END, _LAST = 100, 5
"""Lines at the end of a log in which a failure is looked for: with a traceback, and without."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a trial did not end well. ``text`` is for people."""

    kind: CauseKind
    text: str


def classify_failure(exit_code: int, last_lines: Sequence[str]) -> Cause | None:
    """Return why a trial that nobody stopped failed, from the ``last_lines`` of its output.

    A negative ``exit_code`` is that of the signal that ended it. None where nothing tells.
    """
    text = "\n".join(last_lines)[-65536:]
    for kind, what, pattern in _SIGNS:
        if line := _line(pattern, _closing(text) if kind == "nan" else text.splitlines()):
            return Cause(kind, f"{what}: {line}")
        if kind == "host_oom" and was_killed(exit_code, text):
            why = "Killed by the system, most likely because main memory ran out."
            return Cause(kind, why)
    return None


def was_killed(exit_code: int, text: str) -> bool:
    """Whether SIGKILL ended a command, or a process without which it could not go on."""
    if exit_code in (-SIGKILL, 128 + SIGKILL):
        return True
    return any(map(PART_KILLED.search, text.splitlines()[-_END:]))


_SIGNS: tuple[tuple[CauseKind, str, re.Pattern[str]], ...] = (
    ("oom", "Ran out of GPU memory", GPU_OOM),
    ("host_oom", "Ran out of main memory", HOST_OOM),
    ("nan", "Diverged", DIVERGED),
    ("device", "The machine failed", MACHINE),
    ("device", "A file could not be written (is the disk full, or a quota used up?)", UNWRITTEN),
)


def _closing(text: str) -> list[str]:
    """Return the lines that say how it ended: what was raised, without tracebacks the last few.

    Above them infinities and NaN belong to an ordinary run: many scripts print that their best loss
    is infinite before they begin.
    """
    return raised(text) or [line for line in _lines(text)[-_LAST:] if not _BEST.search(line)]


def raised(text: str) -> list[str]:
    """Return the lines of a log's end that say what was raised.

    All of them: an error may be raised from another, by one rank or by a launcher. One far above
    was caught.
    """
    lines = _lines(text)
    found, inside = list[str](), False
    for place, line in enumerate(lines):
        if _TRACEBACK in line:
            inside = True
        elif inside and not line[0].isspace():
            inside = False
            if place >= len(lines) - _END:
                found.append(line)
    return found


def _lines(text: str) -> list[str]:
    return [_RANK.sub("", line) for line in text.splitlines() if line.strip()]


def _line(pattern: "re.Pattern[str]", lines: Sequence[str]) -> str:
    """Return the last line that ``pattern`` matches in, shortened; empty if none."""
    found = next((line.strip() for line in reversed(lines) if pattern.search(line)), "")
    return found if len(found) <= 240 else found[:239] + "…"
