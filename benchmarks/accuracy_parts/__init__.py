"""The parts of benchmarks/accuracy.py: the tables, the systems, the runs beside each other, and the sums."""
