"""The Open Inference Protocol, version 2: columns as tensors, for clients of KServe, Triton and MLServer."""
