"""Questions asked of the call log, and how the answers are shown."""
