"""User-Mode Linux as the place where the programs of devices run."""
