"""Data: from any source to a schema and arrays, with what a person should know about it on the way."""
