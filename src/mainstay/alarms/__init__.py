"""The run that finds anomalies: from a table to members, a calibrated cut, and a bundle that was proved."""
