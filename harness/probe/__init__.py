"""Finding out by conversations what a device supports, for the ICS and IXIT of its peer.yaml."""
