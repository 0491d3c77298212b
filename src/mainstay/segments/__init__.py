"""From a table to groups of rows in a bundle: columns, number of groups, method, limits, profiles."""
