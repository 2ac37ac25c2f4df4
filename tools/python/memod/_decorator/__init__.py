"""`lru_cache` and `cache`, and how they talk to the daemon."""
