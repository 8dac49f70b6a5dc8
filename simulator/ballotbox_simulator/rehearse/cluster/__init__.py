"""One rehearsal on several machines, through Locust's master and workers."""
