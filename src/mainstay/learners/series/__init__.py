"""Anomalies in time series: a regular grid, its period, windows as rows, and what is usual of them; arrays only."""
