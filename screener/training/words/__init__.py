"""How the learned model's weights are made: `python -m screener.training.words` (needs numpy only)."""
