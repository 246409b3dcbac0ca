"""This machine as the place where the programs of devices run."""
