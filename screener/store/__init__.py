"""What lasts, in one database: the call log, and the accounts of those who look at it."""
