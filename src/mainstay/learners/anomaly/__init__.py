"""Detectors of anomalies: each learns from prepared rows what is usual, and scores how odd a row is."""
