"""What Optuna's sampler needs beside the search: its words in ours, plans of trials, turns."""
