"""The harness between two devices: what one sends reaches the other, and both are judged."""
