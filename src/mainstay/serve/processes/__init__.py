"""How the server lives as processes: one worker or several, signals, the exchange of models, and the end."""
