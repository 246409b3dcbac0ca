"""A container engine as the place where the programs of devices run."""
