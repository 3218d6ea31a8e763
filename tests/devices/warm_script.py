"""What a script can see of how it was started; run by test_warm.py cold and warm."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np

if __name__ == "__main__":
    seen = {
        "argv": sys.argv,
        "path0": sys.path[0],
        "file": __file__,
        "name": __name__,
        "main": sys.modules["__main__"].__dict__ is globals(),
        "spec": str(globals().get("__spec__")),
        "cwd": str(Path.cwd()),
        "cuda": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "extra": os.environ.get("HPO_EXTRA"),
        "leftover": "LEFT_OVER" in os.environ,
        "stdin": sys.stdin.read(),
        "session": os.getsid(0) == os.getppid(),
        "group": os.getpgid(0) == os.getpid(),
        "term": str(signal.getsignal(signal.SIGTERM)),
        "int": str(signal.getsignal(signal.SIGINT)),
        "blocked": [int(s) for s in signal.pthread_sigmask(signal.SIG_BLOCK, [])],
        "threads": threading.active_count(),
        "modules": sorted(m for m in sys.modules if "hpo" in m),
        "fds": sorted(int(p.name) for p in Path("/proc/self/fd").iterdir() if int(p.name) > 2)[:-1],
    }
    if "tell" in sys.argv:
        print(json.dumps(seen))
        print(np.random.rand(), random.random(), file=sys.stderr)
        sys.exit(3)
    if "raise" in sys.argv:
        raise ValueError("on purpose")
    if "orphan" in sys.argv:
        print(subprocess.Popen(["sleep", "300"], start_new_session=True).pid)
    if "wait" in sys.argv:
        print("waiting", flush=True)
        time.sleep(300)
