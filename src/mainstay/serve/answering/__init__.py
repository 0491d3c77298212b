"""From the bytes of a request to the bytes of its answer: the one way that endpoints, replay and proofs share."""
