"""The parts of the clustering benchmarks: their data, and the program that runs one system in a process of its own."""
