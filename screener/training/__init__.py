"""Where the shipped models are made; nothing of the running product imports it."""
