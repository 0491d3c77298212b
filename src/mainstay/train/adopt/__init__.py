"""Models that were trained elsewhere: asked, proved, and packed as our own are."""
