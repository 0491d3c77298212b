"""The prediction log: every answer that was given, kept where it can be replayed, and what was lost counted."""
