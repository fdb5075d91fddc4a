"""Hears what an utterance does: the learned model of acts, run with numpy."""
