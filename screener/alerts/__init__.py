"""Tells people outside that something happened now: what is told, and how it gets there."""
