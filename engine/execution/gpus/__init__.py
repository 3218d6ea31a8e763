"""GPUs: which there are, what they are doing, who holds which, and how many trials share one."""
