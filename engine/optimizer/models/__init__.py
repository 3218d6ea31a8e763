"""What the search believes: a Gaussian process per metric, trust, failures, learning curves."""
