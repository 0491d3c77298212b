"""The faces of mainstay: thin, without logic, over the same verbs that Python offers."""
