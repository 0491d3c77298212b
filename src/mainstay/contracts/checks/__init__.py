"""Public proofs that an implementation keeps its contract; plugin authors run them too."""
