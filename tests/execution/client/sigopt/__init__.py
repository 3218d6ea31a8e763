"""A stand-in for SigOpt's client, of the same parts behind the same names: nothing is sent."""

from sigopt.interface import Connection as Connection
from sigopt.objects import TrainingRun
from sigopt.run_context import GlobalParameters, RunContext, global_run_context

WHICH = "the client's own"
params = GlobalParameters()
log_metric = global_run_context.log_metric
log_checkpoint = global_run_context.log_checkpoint
log_failure = global_run_context.log_failure
log_image = global_run_context.log_image


def get_run_id():
    return global_run_context.run_context and global_run_context.run_context.id


def create_run(name=None):
    connection = Connection()
    return RunContext(
        connection,
        TrainingRun(
            connection.send(
                "POST", ["clients", "0", "projects", "p", "training_runs"], {"name": name}
            )
        ),
    )
