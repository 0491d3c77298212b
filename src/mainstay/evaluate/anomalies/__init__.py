"""What scores of anomalies are worth: p-values, the cut and its guarantee, metrics, reasons, and the report."""
