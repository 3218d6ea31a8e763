"""A script of Ray Tune's: from its source and one run to a study that runs it without a cluster."""
