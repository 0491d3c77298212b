"""The parts of the anomaly benchmarks: the program that runs the peers in a process of its own."""
