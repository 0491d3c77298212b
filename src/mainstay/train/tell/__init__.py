"""What a report says beside the scores: one finder a file, all looking at the same scene."""
