"""What the serving programs share: the forest, servers as processes, load, a client that notes every answer."""
