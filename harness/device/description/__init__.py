"""What peer.yaml says of a device, as frozen values."""
