"""Learners that predict a target: classes or amounts."""
