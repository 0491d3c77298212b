"""The foot of the house: records, protocols and errors that every floor shares.

Nothing here imports another room of mainstay, so any room may import this one.
"""
