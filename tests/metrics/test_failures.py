"""Why trials failed, from real last words of real libraries."""

import pytest

from hpo_tui.engine.execution.failures import classify_failure

OOM = [
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total",
    "torch.cuda.OutOfMemoryError: CUDA out of memory.",
    "RuntimeError: CUDA error: out of memory",
    "RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    "tensorflow.python.framework.errors_impl.ResourceExhaustedError: OOM when allocating tensor",
    "jaxlib.xla_extension.XlaRuntimeError: RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes",
    "xgboost.core.XGBoostError: [10:00:00] src/c_api: bad_alloc: cudaErrorMemoryAllocation: out of",
    "MemoryError: std::bad_alloc: out_of_memory: CUDA error at: rmm/mr/device/cuda_memory_resource",
    "CUDA_ERROR_OUT_OF_MEMORY: out of memory",
]


def kind_of(code: int, lines: list[str]) -> str | None:
    """Return the kind of failure that an end is taken for, None where nothing tells."""
    found = classify_failure(code, lines)
    return found and found.kind


@pytest.mark.parametrize("line", OOM)
def test_out_of_gpu_memory_is_known_by_its_words(line: str) -> None:
    found = classify_failure(1, ["Traceback (most recent call last):", line, "later words"])
    assert found is not None
    assert found.kind == "oom"
    assert line[:60] in found.text


@pytest.mark.parametrize(
    ("code", "lines", "kind"),
    [
        (-9, [], "host_oom"),
        (137, [], "host_oom"),
        (1, ["RuntimeError: DataLoader worker (pid 7) is killed by signal: Killed. "],
         "host_oom"),
        (1, ["  exitcode  : -9 (pid: 113)", "  traceback : Signal 9 (SIGKILL) received by PID 113"],
         "host_oom"),
        (1, ["TerminatedWorkerError: The exit codes of the workers are {SIGKILL(-9)}"],
         "host_oom"),
        (1, ["numpy._core._exceptions._ArrayMemoryError: Unable to allocate 9. GiB for an "
             "array with shape (9,)"], "host_oom"),
        (1, ["RuntimeError: [enforce fail] DefaultCPUAllocator: can't allocate memory: you "
             "tried to allocate 4 bytes"], "host_oom"),
        (1, ["ValueError: loss is nan at step 3"], "nan"),
        (1, ["ValueError: Input X contains NaN."], "nan"),
        (1, ["CUDA error: uncorrectable ECC error encountered"], "device"),
        (1, ["OSError: [Errno 28] No space left on device"], "device"),
        (1, ["RuntimeError: basic_ios::clear: iostream error"], "device"),
        (1, ["[enforce fail at inline_container.cc:6] . unexpected pos 8 vs 4"], "device"),
        (1, ["RuntimeError: PytorchStreamWriter failed writing file data/0: file write"], "device"),
        (1, ["OSError: [Errno 30] Read-only file system: 'last.pt'"], "device"),
        (1, ["OSError: [Errno 116] Stale file handle: 'last.pt'"], "device"),
        (2, ["train.sh: 1: Cannot fork"], "device"),
        (1, ["RuntimeError: can't start new thread"], "device"),
        (1, ["BlockingIOError: [Errno 11] Resource temporarily unavailable"], "device"),
        (127, ["cannot start trainn.py"], None),
        (-11, ["hello"], None),
        (3, ["KeyError: 'lr'"], None),
        (1, ["RuntimeError: CUDA error: device-side assert triggered"], None),
        (0, ["done"], None),
    ],
)  # fmt: skip
def test_kinds(code: int, lines: list[str], kind: str | None) -> None:
    assert kind_of(code, lines) == kind


def test_words_of_an_ordinary_run_blame_nothing() -> None:
    lines = ["loss: 0.5 information: 3", "inf: reading", "oom-score 0", "epoch 3 nan_ratio=0"]
    assert kind_of(1, [*lines, "ValueError: bad"]) is None


def test_the_text_stays_short() -> None:
    found = classify_failure(1, ["CUDA out of memory " + "x" * 9999])
    assert found is not None
    assert len(found.text) < 300


def traceback(error: str, rank: str = "") -> list[str]:
    frames = ['  File "train.py", line 3, in <module>', "    assert loss != inf, 'loss is nan'"]
    return [rank + line for line in ("Traceback (most recent call last):", *frames, error)]


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (["best val loss: inf", *traceback("ModuleNotFoundError: No module named 'timm'")],
         None),
        (["epoch 1 loss: nan", *["working"] * 20, *traceback("KeyError: 'lr'")], None),
        (["epoch 1 loss: nan", *["working"] * 20, "Segmentation fault"], None),
        (["best val loss = inf", "train.py: error: unrecognized arguments: --lr"], None),
        (["epoch 1 loss: nan", "giving up"], "nan"),
        (["epoch 1", *traceback("ValueError: loss is nan"), "see the log for more"], "nan"),
        ([*traceback("KeyError: 'cache'"), *["working"] * 200, "training diverged"], "nan"),
        ([*traceback("ValueError: loss is nan", "[rank0]: "),
          *traceback("torch.distributed.elastic.multiprocessing.errors.ChildFailedError:")],
         "nan"),
        ([*traceback("FloatingPointError: overflow"), "",
          "The above exception was the direct cause of the following exception:", "",
          *traceback("train.Failed: step 3")], "nan"),
    ],
)  # fmt: skip
def test_a_run_diverged_only_if_its_end_says_so(lines: list[str], kind: str | None) -> None:
    assert kind_of(1, lines) == kind
