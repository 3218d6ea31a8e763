"""What people are told of the search: the best trials, its reasons, tasks, slices and maps."""
