"""What comes from outside, and what outsiders must not read: text made harmless, files made private."""
