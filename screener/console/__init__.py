"""The web pages of supervisors and agents, and their API. No judgement lives here, and no call waits for it."""
