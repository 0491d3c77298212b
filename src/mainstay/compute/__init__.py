"""Time, memory and processes: what work runs on, and how it is kept inside its budget."""
