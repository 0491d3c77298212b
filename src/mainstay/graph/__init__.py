"""Graphs: how a fitted model becomes one ONNX file, how that file is run, and how it is proved to answer alike.

The order in which data passes: ``builder`` (nodes into bytes), ``write`` and ``write_trees`` (a learner's model into
nodes), ``steady`` (functions whose last bit must not depend on the batch), ``run`` (bytes into answers),
``evaluate_trees`` (a second opinion in NumPy) and ``parity`` (the gate between library and graph).
"""
