"""Recorded calls and transcripts driven through the judgement that a live call meets."""
