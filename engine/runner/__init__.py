"""The detached process that owns one running study: ask, start, read, tell, account, obey."""
