"""How the learned model's weights are made: `python -m screener.learning` (needs numpy only)."""
