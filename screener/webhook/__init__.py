"""Flags for systems whose callers we cannot move ourselves: a signed message out, a decision in."""
