"""The model of types of callers, which brings the agents' cue cards: `config/cards.bin`."""
