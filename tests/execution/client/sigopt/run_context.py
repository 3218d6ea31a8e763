"""The stand-in's runs: one that is sent, and the global one that stands for it."""

from sigopt.run_params import RunParameters


def sanitize_number(what, name, value):
    if value - value != 0:
        raise ValueError(f"The {what} logged for `{name}` could not be converted to a number")
    return value


class RunContext:
    def __init__(self, connection, run):
        self.connection, self.run = connection, run
        self.params = RunParameters(self, run.assignments)

    id = property(lambda self: self.run.id)
    experiment = property(lambda self: self.run.experiment)

    def send(self, body, *path):
        return self.connection.send(
            "POST" if path else "MERGE", ["training_runs", self.id, *path], body
        )

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self._end(exception=error)

    def _end(self, exception):
        self.send({"state": "failed" if exception else "completed"})

    def _log_failure(self):
        self.send({"state": "failed"})

    def _log_image(self, *_):
        raise OSError("there is no network here")

    def log_failure(self):
        self._log_failure()

    def log_image(self, image):
        self._log_image("", image)

    def log_metric(self, name, value, stddev=None):
        self.send({"values": {name: {"value": sanitize_number("metric", name, value)}}})

    def log_checkpoint(self, values):
        self.send({"values": [{"name": n, "value": v} for n, v in values.items()]}, "checkpoints")


class GlobalRunContext:
    run_context = None

    def set_run_context(self, run_context):
        self.run_context = run_context

    def __getattr__(self, name):
        return lambda *a, **k: self.run_context and getattr(self.run_context, name)(*a, **k)


class GlobalParameters:
    def __getattr__(self, name):
        return getattr(global_run_context.run_context.params, name)

    def __getitem__(self, name):
        return global_run_context.run_context.params[name]


global_run_context = GlobalRunContext()
