"""Who does it: the session, the supervisor, the processes that train, and what they say to each other."""
