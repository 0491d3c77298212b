"""What the server counts of itself, in slots that all its workers share, and as Prometheus reads it."""
