"""Array steps between decode and learner: one plan, run by numpy in training and by the model graph in serving."""
